import DataLoader from 'dataloader';
import { sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { forgetTokens } from '../pairing/pair-code-store.ts';

/** Notes which robots have written, many of them together: from then on only the hash of their token is kept. */
export class FirstWrites {
  #notes: DataLoader<number, true>;

  constructor(db: Database) {
    const note = async (ids: readonly number[]) => {
      await sql`
        update robots set first_write_at = now() where first_write_at is null and id in (
          select id from robots where id = any(${ids}::int[]) order by id for update
        )`.execute(db);
      await forgetTokens(db, ids);
      return ids.map(() => true as const);
    };
    this.#notes = new DataLoader(note, { cache: false, batchScheduleFn: (run) => setTimeout(run, GATHER_MS) });
  }

  async note(robotId: number): Promise<void> {
    await this.#notes.load(robotId);
  }
}

const GATHER_MS = 20;
