import { InfluxDB, linesToRowsIterable, type QueryApi, stringToLines } from '@influxdata/influxdb-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { useGatewayLab } from '../../apps/api/test/flux-gateway/gateway-lab.ts';
import { type DataFrame, readFrames } from './as-grafana/data-frames.ts';
import type { DataSourceClient } from './as-grafana/data-source.ts';
import { ALL, interpolateMacros, interpolateVariables, type Variables } from './as-grafana/interpolate.ts';
import { openDashboard, rows } from './as-grafana/open-dashboard.ts';
import { logs, reports, STEPS, timeOf } from './robot-reports.ts';

/** Every Flux query of the dashboards, as a user's Grafana sends it: through the gateway. */
const lab = useGatewayLab();
const RANGE = { from: timeOf(-6), to: timeOf(STEPS), intervalMs: 10_000 };

const asking = (run: (flux: string) => Promise<DataFrame[]>): DataSourceClient => ({
  ask: (query, variables, range, { isVariable = false } = {}) => {
    let text = query;
    for (let i = 0; i < (isVariable ? 2 : 1); i++) text = interpolateVariables(text, variables);
    return run(interpolateMacros(text, { ...range, bucket: 'robots', organization: 'robowatch' }));
  },
});

type Person = typeof lab.people.left;

const through = (person: () => Person) =>
  asking(async (flux) => {
    const iterateRows = async function* (query: string) {
      const { status, text } = await lab.ask(person(), query);
      if (status !== 200) throw new Error(`${status} ${text}\n${query}`);
      const lines: string[] = [];
      stringToLines(text, { next: (line: string) => void lines.push(line), error() {}, complete() {} });
      yield* linesToRowsIterable(lines as never);
    };
    return readFrames({ iterateRows } as unknown as QueryApi, flux);
  });

/** Past the gateway, with what limits a read to the user's robots written into the query. */
const limited = (ids: () => string[]) =>
  asking((flux) => {
    const own = `r.robot_id =~ /^(${ids().join('|')})$/`;
    const text = flux
      .replace(/(from\(bucket: [^)]*\)\s*\|> range\([^)]*\))/g, `$1 |> filter(fn: (r) => ${own})`)
      .replace(/tag: "robot_id"\)/g, `tag: "robot_id", predicate: (r) => ${own})`);
    const { url, settings, org } = lab.influx();
    return readFrames(new InfluxDB({ url, token: settings.INFLUX_READ_TOKEN }).getQueryApi(org), text);
  });

const FILES = ['robowatch-robot.json', 'robowatch-logs.json', 'robowatch-quality.json'];
const ownIds = () => [lab.robots.left, lab.robots.second].map(({ id }) => String(id));
const sorted = (frames: DataFrame[]) => frames.map((frame) => JSON.stringify(frame)).sort();

beforeAll(async () => {
  const { left, second, right } = lab.robots;
  for (const [i, robot] of [left, second, right].entries()) {
    const body = `${reports(i + 1)}\n${logs(['left', 'second', 'foreign'][i] as string)}`;
    expect((await lab.api.report(robot.token, body, {}, '?precision=us')).status).toBe(204);
  }
});

describe.each(FILES)('%s', (file) => {
  const gateway = openDashboard(file, () => through(() => lab.people.left));
  const straight = openDashboard(file, () => limited(ownIds));
  const isFlux = ({ datasource }: { datasource?: { type: string } }) => datasource?.type === 'influxdb';
  const panels = gateway.panels.filter(isFlux);
  const variables = gateway.variables.filter(isFlux);
  /** Values of the variables that this dashboard has. */
  const choosing = (all: Variables): Variables =>
    Object.fromEntries(Object.entries(all).filter(([name]) => gateway.variables.some((one) => one.name === name)));
  const selections = (): Variables[] =>
    (file.includes('-robot') ? ownIds() : [ALL, ownIds()]).map((robot) =>
      choosing({ robot, robot_id: robot, measurement: 'battery', level: ALL, program: ALL, text: '' }),
    );

  it('shows a user what the same query shows of own robots', async () => {
    expect(panels.length).toBeGreaterThan(0);
    let shown = 0;
    for (const chosen of selections())
      for (const { title } of panels) {
        const frames = await gateway.show(title, chosen, RANGE);
        expect(sorted(frames), title).toEqual(sorted(await straight.show(title, chosen, RANGE)));
        shown += rows(frames);
      }
    expect(shown).toBeGreaterThan(10);
  });

  it('has the same choices', async () => {
    const chosen = selections()[0] as Variables;
    for (const { name } of variables) {
      const options = await gateway.optionsOf(name, chosen, RANGE);
      expect(options.map(({ value }) => value).sort(), name).toEqual(
        (await straight.optionsOf(name, chosen, RANGE)).map(({ value }) => value).sort(),
      );
    }
  });

  it('shows nothing of a foreign robot', async () => {
    const foreign = String(lab.robots.right.id);
    const chosen = choosing({
      ...{ robot: foreign, robot_id: foreign, measurement: 'battery', level: ALL, program: ALL, text: '' },
    });
    for (const { title } of panels) {
      const shown = await gateway.show(title, chosen, RANGE);
      // Of windows without entries, some show zeros.
      expect(JSON.stringify(shown), title).not.toContain('foreign');
      if (title !== 'Entries by level') expect(rows(shown), title).toBe(0);
    }
  });
});

describe('the users’ own fleet', () => {
  const days = { from: timeOf(0) - 5 * 86_400_000, to: Date.now() + 60_000, intervalMs: 86_400_000 };
  const shownTo = (person: () => Person) => openDashboard('own/robowatch-fleet.json', () => through(person));
  const [left, nobody] = [shownTo(() => lab.people.left), shownTo(() => lab.people.nobody)];
  /** Names and values of a panel's columns. */
  const columnsOf = async (board: typeof left, title: string) =>
    Object.fromEntries(
      (await board.show(title, {}, days)).flatMap(({ fields }) => fields.map(({ name, values }) => [name, values])),
    );

  it('shows a user their own robots', async () => {
    const titles = left.panels.map(({ title }) => title);
    expect(titles).toHaveLength(9);
    expect((await columnsOf(left, 'Robots')).robots).toEqual([2]);
    expect((await columnsOf(left, 'Online')).robots).toEqual([2]);
    expect((await columnsOf(left, 'Rejected')).robots).toEqual([0]);
    const all = await columnsOf(left, 'Your robots');
    expect([all.robot?.toSorted(), all.online]).toEqual([
      ['left arm', 'left leg'],
      [true, true],
    ]);
    expect(all).not.toHaveProperty('owner');
    expect((await columnsOf(left, 'Online by day')).online_share?.length).toBeGreaterThan(0);
    for (const title of titles) expect(JSON.stringify(await left.show(title, {}, days)), title).not.toMatch(/canary/);
  });

  it('shows nothing to whoever has none', async () => {
    for (const title of ['Your robots', 'Online by day', 'Hottest by day'])
      expect(rows(await nobody.show(title, {}, days)), title).toBe(0);
    expect((await columnsOf(nobody, 'Errors')).error_logs).toEqual([null]);
  });
});
