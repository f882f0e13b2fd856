import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DEMO_ROBOTS, type DemoRobots, startDemoRobots } from '../../../demo/src/index.ts';
import { findFirstAdmin } from '../accounts/index.ts';
import { type Actor, SYSTEM } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { confirmPairing } from '../pairing/index.ts';
import { hasToken, removeRobot, type Viewer } from '../robots/index.ts';
import { sha256 } from '../secrets/secret-box.ts';
import { readDemoState, writeDemoOwner } from './demo-state.ts';

const ACTOR: Actor = { ...SYSTEM, name: 'demonstration' };
const EVERYTHING: Viewer = { id: 0, role: 'admin' };
const LOOK_FOR_ADMIN_MS = 1_000;

interface Run {
  ownerId: number;
  abort: AbortController;
  robots: DemoRobots | undefined;
  /** Robots confirmed in this run; one that has not fetched its token yet is missing from the file. */
  confirmed: number[];
  ended: Promise<void>;
  removal: Promise<void> | undefined;
}

export interface DemoFleetOptions {
  db: Database;
  sealKey: Buffer;
  /** URL of this server's own API. */
  apiUrl: string;
  /** Stores the owner and the robots' tokens. */
  file: string;
  log: Logger;
}

/** Simulated robots in this process, which pair and report over HTTP like real ones. One fleet at a time. */
export class DemoFleet {
  #options: DemoFleetOptions;
  #run: Run | undefined;
  #closing = new AbortController();

  constructor(options: DemoFleetOptions) {
    this.#options = options;
  }

  running(): number {
    return this.#run ? (this.#run.robots?.running() ?? DEMO_ROBOTS) : 0;
  }

  /** Starts a new fleet for this owner; it pairs in the background. @returns its size. @throws AppError demo_running */
  async start(ownerId: number): Promise<number> {
    if (this.#run) throw new AppError('demo_running', 'The demonstration robots are already running.');
    this.#launch(ownerId, () => writeDemoOwner(this.#options.file, ownerId));
    return DEMO_ROBOTS;
  }

  /** Restarts the robots that were running when the server stopped. @returns whether there were any */
  async resume(): Promise<boolean> {
    const state = await readDemoState(this.#options.file);
    if (state && !this.#run) this.#launch(state.owner_id, async () => {});
    return state !== undefined;
  }

  /**
   * Starts a fleet as soon as there is an administrator. @returns the administrator's e-mail; undefined if closed first
   */
  async startForFirstAdmin(): Promise<string | undefined> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const admin = await findFirstAdmin(this.#options.db).catch(() => undefined);
      if (admin) {
        if (!this.#run && !signal.aborted) await this.start(admin.id);
        return admin.email;
      }
      await sleep(LOOK_FOR_ADMIN_MS, undefined, { signal }).catch(() => {});
    }
    return undefined;
  }

  /**
   * Stops and removes the robots. @throws AppError not_found unless the viewer owns the fleet or is an administrator
   */
  async remove(actor: Actor, viewer: Viewer): Promise<void> {
    const run = this.#run;
    if (!run || (viewer.role !== 'admin' && run.ownerId !== viewer.id)) throw notFound('demonstration');
    run.abort.abort();
    run.removal ??= this.#removeAll(run, actor).finally(() => {
      run.removal = undefined;
    });
    await run.removal;
  }

  /** Stops the robots; they resume at the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    const run = this.#run;
    run?.abort.abort();
    await run?.ended;
  }

  #launch(ownerId: number, prepare: () => Promise<void>): void {
    const { db, sealKey, apiUrl, file, log } = this.#options;
    const abort = new AbortController();
    const run: Run = { ownerId, abort, robots: undefined, confirmed: [], ended: Promise.resolve(), removal: undefined };
    this.#run = run;
    const owner = { id: ownerId, role: 'user' as const };
    const live = async () => {
      await prepare();
      run.robots = await startDemoRobots({
        ...{ apiUrl, stateFile: file, signal: abort.signal },
        confirm: async ({ code, name }) => {
          const { robot_id } = await confirmPairing(db, sealKey, ACTOR, owner, { code, name });
          run.confirmed.push(robot_id);
        },
        isGone: async ({ id, token }) => !(await hasToken(db, id, sha256(token))),
        log: (message) => log.info({ demo: true }, message),
      });
      await run.robots.ended;
    };
    run.ended = live()
      .catch((err) => log.error({ err }, 'the demonstration robots failed'))
      .then(() => (abort.signal.aborted ? this.#removeUnpaired(run) : this.#forget(run)))
      .catch((err) => log.error({ err }, 'could not clean up the demonstration robots'));
  }

  async #removeAll(run: Run, actor: Actor): Promise<void> {
    await run.ended;
    const { robots = [] } = (await readDemoState(this.#options.file)) ?? {};
    for (const { id } of robots) await this.#removeOne(actor, id);
    await this.#forget(run);
  }

  /** A robot stopped after its confirmation but before it got its token can never report. */
  async #removeUnpaired(run: Run): Promise<void> {
    const known = new Set((await readDemoState(this.#options.file))?.robots.map(({ id }) => id));
    for (const id of run.confirmed) if (!known.has(id)) await this.#removeOne(ACTOR, id);
  }

  async #removeOne(actor: Actor, id: number): Promise<void> {
    await removeRobot(this.#options.db, actor, EVERYTHING, id).catch((error) => {
      if (!(error instanceof AppError && error.code === 'not_found')) throw error;
    });
  }

  async #forget(run: Run): Promise<void> {
    await rm(this.#options.file, { force: true });
    if (this.#run === run) this.#run = undefined;
  }
}
