import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
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
/** Robots whose series are read in one query: after a restart the whole fleet comes at once. */
const MAX_LOADED_TOGETHER = 200;
/** Longer than any replica remembers what it has not used. */
const GRACE_SECONDS = 86_400;

/**
 * Which series and fields each robot has, in whatever store: settles field types (the first value decides, for each
 * robot by itself) and limits how many of both a robot can make up. Kept in PostgreSQL, remembered as RobotShapes; a robot
 * that reports through several replicas may have as many times its limit.
 */
export class SeriesCatalog {
  #db: Database;
  #limits: CatalogLimits & { retention: number };
  #shapes = new LRUCache<number, RobotShape>({ max: MAX_SHAPES });
  #loading: DataLoader<RobotIdentity, RobotShape, number>;
  #admissions: Admissions;
  #lastTick = currentLine();

  /** @param limits with the retention of points in seconds */
  constructor(db: Database, limits: CatalogLimits & { retention: number }) {
    this.#db = db;
    this.#limits = limits;
    this.#admissions = new Admissions(db);
    this.#loading = new DataLoader((robots) => this.#load(robots), {
      maxBatchSize: MAX_LOADED_TOGETHER,
      cacheKeyFn: ({ id }) => id,
      cacheMap: new Map(),
      batchScheduleFn: (run) => setImmediate(run),
    });
  }

  /** What the robot has sent so far, if this process knows. */
  knownShape(robot: RobotIdentity): RobotShape | undefined {
    const known = this.#shapes.get(robot.id);
    return known && sameIdentity(known.robot, robot) ? known : undefined;
  }

  /** What the robot has sent so far; read for many robots together. */
  async shapeOf(robot: RobotIdentity): Promise<RobotShape> {
    const known = this.knownShape(robot);
    if (known) return known;
    const loaded = await this.#loading.load(robot).finally(() => this.#loading.clear(robot));
    // Renamed while it was read: another call had the former name.
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
   * Writes down what is new in these lines. @returns why lines are refused, by index
   * @throws AppError unauthorized when the robot is gone
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
   * Notes what was in use since the last call; then deletes the rows of what no point within the retention belongs to.
   * A robot with idle series is read anew when it comes next. To be called every hour or so.
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
