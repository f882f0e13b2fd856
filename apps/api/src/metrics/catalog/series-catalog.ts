import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Database } from '../../db/schema.ts';
import { decodeLine, text, unescapeMeasurement } from '../line-protocol/decode-line.ts';
import type { FieldType } from '../line-protocol/field-value.ts';
import type { Refusal, RefusalKind, Refusals } from '../line-protocol/refusal.ts';
import { currentLine, RobotShape } from '../line-protocol/robot-shape.ts';
import { unescapeKey } from '../line-protocol/scan-line.ts';
import type { NovelLine, StampedLines } from '../line-protocol/stamped-lines.ts';
import { identityTags, type ReportingRobot, sameIdentity } from '../reporting-robot.ts';
import * as store from './catalog-store.ts';

export interface CatalogLimits {
  maxSeries: number;
  maxFields: number;
}

/** What one robot brings that it has not sent before. */
export interface Candidate {
  robotId: number;
  shape: RobotShape;
  lines: StampedLines;
}

interface Entry extends Candidate {
  novel: NovelLine;
  measurement: string;
  tags: string;
  fields: { raw: string; name: string; type: FieldType }[];
  refuse(kind: RefusalKind, reason: string): void;
  refused: boolean;
}

const MAX_SHAPES = 50_000;
/** Longer than any replica remembers what it has not used. */
const GRACE_SECONDS = 86_400;
const seriesKey = (row: store.SeriesRow) => `${row.robot_id}\n${row.measurement}\n${row.tags}`;
const fieldKey = (row: store.FieldKey) => `${row.robot_id}\n${row.measurement}\n${row.field}`;

/**
 * Which series and fields each robot has, in whatever store: settles field types (the first value decides, for each
 * robot by itself) and limits how many of both a robot can make up. Kept in PostgreSQL, remembered as RobotShapes.
 */
export class SeriesCatalog {
  #db: Database;
  #limits: CatalogLimits;
  #shapes = new LRUCache<number, RobotShape>({ max: MAX_SHAPES });
  #oneAtATime = pLimit(1);
  #lastTick = currentLine();

  constructor(db: Database, limits: CatalogLimits) {
    this.#db = db;
    this.#limits = limits;
  }

  shapeOf(robot: ReportingRobot): RobotShape {
    const known = this.#shapes.get(robot.id);
    if (known && sameIdentity(known.robot, robot)) return known;
    const shape = new RobotShape(robot, identityTags(robot));
    this.#shapes.set(robot.id, shape);
    return shape;
  }

  /** Admits what is new, as far as the limits allow. @returns for each candidate, why lines are refused, by index */
  admit(candidates: Candidate[]): Promise<Refusals[]> {
    const refusals = candidates.map(() => new Map<number, Refusal>());
    const entries = candidates.flatMap((candidate, i) =>
      candidate.lines.novel.map((novel) => toEntry(candidate, novel, refusals[i] as Map<number, Refusal>)),
    );
    if (entries.length === 0) return Promise.resolve(refusals);
    return this.#oneAtATime(async () => {
      await this.#admitFields(entries);
      await this.#admitSeries(entries.filter((entry) => !entry.refused));
      return refusals;
    });
  }

  async #admitFields(entries: Entry[]): Promise<void> {
    const wanted = new Map<string, store.FieldRow>();
    for (const { robotId, measurement, fields } of entries) {
      for (const { name, type } of fields) {
        const row = { robot_id: robotId, measurement, field: name, type };
        if (!wanted.has(fieldKey(row))) wanted.set(fieldKey(row), row);
      }
    }
    if (wanted.size === 0) return;
    const known = await this.#ensure<store.FieldRow, store.FieldRow>(wanted, 'metric_fields', this.#limits.maxFields, {
      key: fieldKey,
      find: (rows) => store.findFields(this.#db, rows),
      insert: (rows) => store.insertFields(this.#db, rows),
    });
    await store.touchFields(this.#db, [...known.values()]);
    for (const entry of entries) {
      const { robotId, shape, measurement, fields, novel } = entry;
      for (const { raw, name, type } of fields) {
        const settled = known.get(fieldKey({ robot_id: robotId, measurement, field: name }))?.type;
        if (!settled) entry.refuse('limit', `more than ${this.#limits.maxFields} fields: "${name}" is one too many`);
        else if (settled !== type)
          entry.refuse('type', `field "${name}" of "${measurement}" is ${settled}, not ${type}`);
        if (settled) shape.learnField(novel.measurement, raw, settled);
      }
    }
  }

  async #admitSeries(entries: Entry[]): Promise<void> {
    const unknown = entries.filter(({ shape, novel }) => !shape.findHead(novel.head, novel.key));
    const row = ({ robotId, measurement, tags }: Entry) => ({ robot_id: robotId, measurement, tags });
    const wanted = new Map(unknown.map((entry) => [seriesKey(row(entry)), row(entry)]));
    const known = await this.#ensure(wanted, 'metric_series', this.#limits.maxSeries, {
      key: seriesKey,
      find: (rows) => store.findSeries(this.#db, rows),
      insert: (rows) => store.insertSeries(this.#db, rows),
    });
    await store.touchSeries(
      this.#db,
      [...known.values()].map(({ id }) => id),
    );
    for (const entry of entries) {
      const { shape, lines, novel } = entry;
      const id = known.get(seriesKey(row(entry)))?.id;
      if (id !== undefined) shape.learnSeries(id, novel.head, novel.measurement);
      const series = shape.findHead(novel.head, novel.key);
      if (series) lines.series[novel.index] = series;
      else
        entry.refuse(
          'limit',
          `more than ${this.#limits.maxSeries} series: tags that take ever new values make too many`,
        );
    }
  }

  /** The rows that exist after those missing were added, as many as each robot's limit leaves room for. */
  async #ensure<Row extends { robot_id: number }, Found extends Row>(
    wanted: Map<string, Row>,
    table: 'metric_series' | 'metric_fields',
    limit: number,
    access: { key(row: Row): string; find(rows: Row[]): Promise<Found[]>; insert(rows: Row[]): Promise<void> },
  ): Promise<Map<string, Found>> {
    if (wanted.size === 0) return new Map();
    const byKey = (rows: Found[]) => new Map(rows.map((row) => [access.key(row), row]));
    const known = byKey(await access.find([...wanted.values()]));
    const missing = [...wanted].filter(([key]) => !known.has(key));
    if (missing.length === 0) return known;
    const counts = await store.countPerRobot(this.#db, table, [...new Set(missing.map(([, row]) => row.robot_id))]);
    const fitting = missing.filter(([, row]) => {
      const count = counts.get(row.robot_id) ?? 0;
      counts.set(row.robot_id, count + 1);
      return count < limit;
    });
    if (fitting.length === 0) return known;
    // In one order everywhere, so that replicas adding the same rows cannot deadlock.
    fitting.sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = fitting.map(([, row]) => row);
    await access.insert(rows);
    return new Map([...known, ...byKey(await access.find(rows))]);
  }

  measurements = (robotId: number) => store.listFields(this.#db, robotId);

  /**
   * Notes what was in use since the last call and forgets the rest here; then deletes the rows of what no point within
   * the retention belongs to. To be called every hour or so.
   */
  async tidy(retentionSeconds: number): Promise<void> {
    const since = this.#lastTick;
    this.#lastTick = currentLine();
    const series: number[] = [];
    const fields: store.FieldKey[] = [];
    for (const [robotId, shape] of this.#shapes.entries()) {
      const used = shape.inUseSince(since);
      series.push(...used.series);
      for (const { measurement, field } of used.fields) {
        const names = { measurement: text(unescapeMeasurement(measurement)), field: text(unescapeKey(field)) };
        fields.push({ robot_id: robotId, ...names });
      }
    }
    await store.touchSeries(this.#db, series);
    await store.touchFields(this.#db, fields);
    await store.deleteUnseen(this.#db, retentionSeconds + GRACE_SECONDS);
  }

  async purge(robotId: number): Promise<void> {
    this.#shapes.delete(robotId);
    await store.deleteCatalogOf(this.#db, robotId);
  }
}

function toEntry(candidate: Candidate, novel: NovelLine, refusals: Map<number, Refusal>): Entry {
  const { tags } = decodeLine(candidate.lines.line(novel.index));
  const fields = novel.fields.map(({ name, type }) => ({
    raw: name,
    name: text(unescapeKey(name)),
    type: type as FieldType,
  }));
  const entry: Entry = {
    ...candidate,
    novel,
    measurement: text(unescapeMeasurement(novel.measurement)),
    tags: JSON.stringify(tags),
    fields,
    refused: false,
    refuse(kind, reason) {
      if (!entry.refused) refusals.set(novel.index, { kind, reason });
      entry.refused = true;
    },
  };
  return entry;
}
