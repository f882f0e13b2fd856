import type DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { gathered } from '../caches/gathered.ts';
import { upTo } from '../caches/up-to.ts';
import type { Database } from '../db/schema.ts';
import { notReporting } from '../errors.ts';
import {
  type CatalogLimits,
  currentLine,
  encodeHead,
  escapeKey,
  escapeMeasurement,
  identityTags,
  type Refusal,
  type Refusals,
  type RobotIdentity,
  RobotShape,
  type StampedLines,
  sameIdentity,
  text,
  unescapeKey,
  unescapeMeasurement,
} from '../line-protocol/index.ts';
import { Admissions } from './admissions.ts';
import * as store from './catalog-store.ts';

const MAX_SHAPES = 50_000;
/** Robots loaded by one query; after a restart the whole fleet reports at once. */
const MAX_LOADED_TOGETHER = 200;
const QUERIES_AT_ONCE = 2;
/** Longer than any replica keeps unused series in memory. */
const GRACE_SECONDS = 86_400;

/**
 * Each robot's series and fields, whatever the store. Settles field types (per robot, by the first value) and limits
 * how many of both a robot can create. Stored in PostgreSQL and cached as RobotShapes. The limits hold per replica: a
 * robot that reports through several can exceed them.
 */
export class SeriesCatalog {
  #db: Database;
  #limits: CatalogLimits & { retention: number };
  #shapes = new LRUCache<number, RobotShape>(upTo(MAX_SHAPES));
  #loading: DataLoader<RobotIdentity, RobotShape, number>;
  #admissions: Admissions;
  #lastTick = currentLine();

  /** @param limits with the retention of points in seconds */
  constructor(db: Database, limits: CatalogLimits & { retention: number }) {
    this.#db = db;
    this.#limits = limits;
    this.#admissions = new Admissions(db);
    this.#loading = gathered((robots) => this.#load(robots), {
      maxBatchSize: MAX_LOADED_TOGETHER,
      atOnce: QUERIES_AT_ONCE,
      cacheKeyFn: ({ id }: RobotIdentity) => id,
      cacheMap: new Map(),
    });
  }

  /** The series and fields the robot has sent so far, if cached. */
  knownShape(robot: RobotIdentity): RobotShape | undefined {
    const known = this.#shapes.get(robot.id);
    return known && sameIdentity(known.robot, robot) ? known : undefined;
  }

  /** The series and fields the robot has sent so far; loads many robots in one query. */
  async shapeOf(robot: RobotIdentity): Promise<RobotShape> {
    const known = this.knownShape(robot);
    if (known) return known;
    const loaded = await this.#loading.load(robot).finally(() => this.#loading.clear(robot));
    // The robot was renamed while it was loaded for another call.
    return sameIdentity(loaded.robot, robot) ? loaded : this.shapeOf(robot);
  }

  async #load(robots: readonly RobotIdentity[]): Promise<RobotShape[]> {
    const shapes = new Map(
      robots.map((robot) => [robot.id, new RobotShape(robot, identityTags(robot), this.#limits)] as const),
    );
    const { series, fields } = await store.loadCatalog(this.#db, [...shapes.keys()], this.#limits.retention);
    for (const { id, robot_id, ...head } of series) {
      const shape = shapes.get(robot_id);
      shape?.addSeries(encodeHead(head, shape.identity), escapeMeasurement(head.measurement), id);
    }
    for (const { robot_id, measurement, field, type } of fields)
      shapes.get(robot_id)?.addField(escapeMeasurement(measurement), escapeKey(field), type, true);
    for (const [id, shape] of shapes) this.#shapes.set(id, shape);
    return robots.map(({ id }) => shapes.get(id) as RobotShape);
  }

  /**
   * Stores the new series and fields of these lines. @returns refusals, by line index
   * @throws AppError unauthorized when the robot has been deleted
   */
  async admit(shape: RobotShape, lines: StampedLines): Promise<Refusals> {
    if (!lines.hasNews) return NOTHING;
    await this.#admissions.admit({ shape, ...lines });
    const refusals = new Map<number, Refusal>();
    for (const { index, fields } of lines.unsettled) {
      const refused = fields.find(({ refusal }) => refusal);
      if (refused?.refusal) refusals.set(index, refused.refusal);
      else if (fields.some(({ settled }) => !settled)) throw notReporting();
    }
    for (const { id } of lines.newSeries) if (id === 0) throw notReporting();
    return refusals;
  }

  measurements = (robotId: number) => store.listFields(this.#db, robotId);

  /**
   * Marks what was used since the last call, then deletes series and fields without a point within the retention.
   * Robots with idle series are reloaded at their next report. Meant to be called about once an hour.
   */
  async tidy(retentionSeconds: number): Promise<void> {
    const since = this.#lastTick;
    this.#lastTick = currentLine();
    const series: number[] = [];
    const fields: store.FieldKey[] = [];
    for (const [robotId, shape] of this.#shapes.entries()) {
      const used = shape.usedSince(since);
      series.push(...used.series);
      for (const { measurement, name } of used.fields) {
        const names = { measurement: text(unescapeMeasurement(measurement)), field: text(unescapeKey(name)) };
        fields.push({ robot_id: robotId, ...names });
      }
      if (used.hasIdle) this.#shapes.delete(robotId);
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

const NOTHING: Refusals = new Map();
