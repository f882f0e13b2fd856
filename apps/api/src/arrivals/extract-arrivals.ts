import { type DecodedField, decodeFields, type Refusals, type StampedLines } from '../line-protocol/index.ts';
import type { ReportingRobot } from '../robots/index.ts';
import type { ArrivedValue, RobotArrivals } from './arrival-body.ts';
import { AHEAD_MS, KEPT_MS } from './spans.ts';
import type { WatchedFields, WatchedSeries } from './watched-fields.ts';

/** A report that was stored, except for its refused lines. */
export interface StoredReport {
  robot: ReportingRobot;
  lines: StampedLines;
  refused: Refusals;
}

/** Of one report. Whoever sends more at once is judged by the metrics store. */
const MAX_VALUES = 2_000;
const MAX_TEXT = 256;
/** So many lines are looked at without a pause. */
const AT_ONCE = 64;

/** @param now milliseconds since 1970: much earlier values are of no use any more. @returns of the robots that have any */
export function* extracting(
  reports: StoredReport[],
  watched: WatchedFields,
  now: number,
): Generator<void, RobotArrivals[]> {
  const found: RobotArrivals[] = [];
  for (const report of reports) {
    const values = new Values();
    for (let i = 0; i < report.lines.count && !values.isFull; i++) {
      if (i % AT_ONCE === 0) yield;
      if (!report.refused.has(i)) addLine(values, report, i, watched, now);
    }
    const arrivals = values.end(report.robot.id);
    if (arrivals) found.push(arrivals);
  }
  return found;
}

function addLine(values: Values, { robot, lines }: StoredReport, i: number, watched: WatchedFields, now: number) {
  const series = lines.series[i];
  const of = series && watched.of(robot.owner_id, series);
  if (!of) return;
  const ms = lines.msAt(i);
  if (ms < now - KEPT_MS) return;
  if (ms > now + AHEAD_MS) values.isFull = true;
  for (const id of of.presence) values.addPresence(id, ms);
  if (of.fields.size > 0) addFields(values, lines.line(i), { head: series.head.length, id: series.id }, of, ms);
}

function addFields(
  values: Values,
  line: Buffer,
  series: { head: number; id: number },
  { fields }: WatchedSeries,
  ms: number,
) {
  const add = (name: string, { value }: DecodedField) => {
    for (const id of fields.get(name) ?? []) values.add(ms, [id, series.id, value]);
  };
  decodeFields(line, series.head, add, (name) => fields.has(name));
}

class Values {
  #times = new Map<number, ArrivedValue[number][]>();
  #newest = new Map<number, number>();
  #count = 0;
  /** Whether it is too much to be told. */
  isFull = false;

  add(ms: number, [id, series, value]: ArrivedValue): void {
    // Texts count by what they take, so that one long one is too much, too.
    this.#count += typeof value === 'string' && value.length > MAX_TEXT ? MAX_VALUES + 1 : 1;
    this.isFull ||= this.#count > MAX_VALUES;
    const known = this.#times.get(ms);
    if (known) known.push(id, series, value);
    else this.#times.set(ms, [id, series, value]);
  }

  addPresence(id: number, ms: number): void {
    this.#newest.set(id, Math.max(ms, this.#newest.get(id) ?? ms));
  }

  end(robotId: number): RobotArrivals | undefined {
    if (this.isFull) return { robotId };
    for (const [id, ms] of this.#newest) this.add(ms, [id, 0, null]);
    return this.#times.size > 0 ? { robotId, times: [...this.#times] } : undefined;
  }
}
