import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect } from 'vitest';
import { startTestInflux, type TestInflux } from '../support/influx.ts';
import { useOpenId } from '../support/open-id.ts';

export const SECRET = randomBytes(24).toString('hex');
/** In everything that the left user must never see. */
export const CANARY = 'canary7f3a';
export const CANARY_NUMBER = '987654.321';

export interface Robot {
  id: number;
  token: string;
}

type Person = Awaited<ReturnType<ReturnType<typeof useOpenId>['person']>> & { access: string };

/** Two users with a robot or two each, on a real InfluxDB that also has buckets which the server knows nothing of. */
export function useGatewayLab(settings: Record<string, string> = {}) {
  let influx: TestInflux;
  const openId = useOpenId(async () => {
    influx = await startTestInflux();
    return { ...influx.settings, GRAFANA_GATEWAY_SECRET: SECRET, OIDC_TOKEN_TTL: '1h', ...settings };
  });
  /** Somebody who has opened Grafana. */
  const person = async (role?: 'user' | 'admin') => {
    const made = await openId.person(role);
    const { tokens } = await openId.open('grafana', made.browser);
    return { ...made, access: tokens.access_token };
  };
  const api = { ...openId, person };
  afterAll(() => influx?.stop());
  const people = {} as { left: Person; right: Person; nobody: Person; admin: Person };
  const robots = {} as { left: Robot; second: Robot; right: Robot };
  const now = Date.now();

  beforeAll(async () => {
    // Ids that no count in an answer can be taken for.
    await sql`alter sequence robots_id_seq restart with 770001`.execute(api.deps().db);
    people.left = await api.person();
    people.right = await api.person();
    people.nobody = await api.person();
    people.admin = await api.person('admin');
    robots.left = await api.pairedRobot(people.left, 'left arm');
    robots.right = await api.pairedRobot(people.right, `${CANARY} robot`);
    robots.second = await api.pairedRobot(people.left, 'left leg');
    await report(robots.left, lines('left'));
    await report(robots.second, lines('second'));
    await report(
      robots.right,
      lines(CANARY, CANARY_NUMBER, `${CANARY}_measurement,${CANARY}_key=${CANARY} v=1 ${now}`),
    );
    await makeOtherBucket();
    // What fleet() says of own robots must not change by itself.
    await api.deps().presence.flush();
  });

  const lines = (name: string, value = '1.5', ...more: string[]) =>
    [
      ...[0, 1, 2].flatMap((i) => [
        `cpu,cpu=cpu-total usage_idle=${value},usage_user=${value} ${now - i * 10_000}`,
        `system uptime=5i,load1=${value} ${now - i * 10_000}`,
      ]),
      `mem used_percent=${value} ${now}`,
      `syslog message="${name} says",level="err",program="${name}d" ${now}`,
      ...more,
    ].join('\n');

  const report = async (robot: Robot, body: string) =>
    expect((await api.report(robot.token, body, {}, '?precision=ms')).status).toBe(204);

  /** With the operator's token, as InfluxDB's own API has it. */
  const operate = async <Reply>(method: string, path: string, body?: string | object): Promise<Reply> => {
    const reply = await fetch(new URL(path, influx.url), {
      method,
      headers: { authorization: `Token ${influx.adminToken}` },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await reply.text();
    expect(reply.ok, `${method} ${path}: ${text}`).toBe(true);
    return (text === '' ? undefined : JSON.parse(text)) as Reply;
  };

  async function makeOtherBucket() {
    const { orgs } = await operate<{ orgs: { id: string }[] }>('GET', `/api/v2/orgs?org=${influx.org}`);
    await operate('POST', '/api/v2/buckets', { orgID: orgs[0]?.id, name: 'secret', retentionRules: [] });
    const canary = `cpu,robot_id=${robots.left.id} usage_idle=${CANARY_NUMBER},note="${CANARY}" ${now}`;
    await operate('POST', `/api/v2/write?org=${influx.org}&bucket=secret&precision=ms`, canary);
  }

  /** What Grafana sends. @param body a query, or a whole body */
  const ask = async (
    person: Person | undefined,
    body: string | object,
    headers: Record<string, string> = {},
    path = '/grafana/api/v2/query?org=robowatch',
  ) => {
    const sent = typeof body === 'string' ? { query: body, type: 'flux', dialect: DIALECT } : body;
    const reply = await api.app().inject({
      method: 'POST',
      url: path,
      headers: {
        'content-type': 'application/json',
        'x-robowatch-gateway': SECRET,
        ...(person && { authorization: `Bearer ${person.access}` }),
        ...headers,
      },
      payload: sent as object,
    });
    return { status: reply.statusCode, text: reply.body, headers: reply.headers };
  };

  /** Values of a column. */
  const column = async (person: Person, query: string, name: string) => {
    const { status, text } = await ask(person, query);
    expect(status, text).toBe(200);
    return columnOf(text, name);
  };

  /** The same with the server's own token for reading, past the gateway. */
  const straight = async (query: string) => {
    const reply = await fetch(`${influx.url}/api/v2/query?org=${influx.org}`, {
      method: 'POST',
      headers: { authorization: `Token ${influx.settings.INFLUX_READ_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, type: 'flux', dialect: DIALECT }),
    });
    return { status: reply.status, text: await reply.text() };
  };

  /** Everything that InfluxDB has, as its operator sees it. */
  const inventory = async () => {
    const list = async (what: string) => {
      const all = await operate<Record<string, { id: string }[]>>('GET', `/api/v2/${what}?limit=100`);
      return all[what]?.map(({ id }) => id).sort();
    };
    const points = async (bucket: string) => {
      const all = `from(bucket: "${bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z) |> toString() |> group() |> count()`;
      return JSON.stringify(await influx.query(all));
    };
    return Promise.all([
      ...['buckets', 'tasks', 'authorizations'].map(list),
      ...['robots', 'secret', '_monitoring', '_tasks'].map(points),
    ]);
  };

  /** More from robots that the left user must not see, one of them new. */
  const sendMoreForeign = async () => {
    const more = await api.pairedRobot(people.right, `${CANARY} more`);
    const points = `cpu usage_idle=${CANARY_NUMBER},more=1 ${now - 5000}\n${CANARY}_2,x=y v=1 ${now}\nnew v=1 ${now}`;
    for (const robot of [robots.right, more]) await report(robot, points);
  };

  return {
    inventory,
    sendMoreForeign,
    api,
    people,
    robots,
    now,
    report,
    operate,
    ask,
    column,
    straight,
    influx: () => influx,
  };
}

export const DIALECT = { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true };

/** Of annotated CSV without quoted cells; names differ from table to table. */
export function columnOf(text: string, name: string): string[] {
  let index = -1;
  return text.split('\r\n').flatMap((line) => {
    const cells = line.split(',');
    if (line.startsWith(',result')) index = cells.indexOf(name);
    else if (line.startsWith(',') && index >= 0) return [cells[index] as string];
    return [];
  });
}
