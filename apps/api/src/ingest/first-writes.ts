import DataLoader from 'dataloader';
import type { Database } from '../db/schema.ts';
import { forgetTokens } from '../pairing/index.ts';
import { noteFirstWrites } from '../robots/index.ts';

const GATHER_MS = 20;

/** Records first writes in batches. After its first write, only the hash of a robot's token is kept. */
export class FirstWrites {
  #notes: DataLoader<number, true>;

  constructor(db: Database) {
    const note = async (ids: readonly number[]) => {
      await noteFirstWrites(db, ids);
      await forgetTokens(db, ids);
      return ids.map(() => true as const);
    };
    this.#notes = new DataLoader(note, { cache: false, batchScheduleFn: (run) => setTimeout(run, GATHER_MS) });
  }

  async note(robotId: number): Promise<void> {
    await this.#notes.load(robotId);
  }
}
