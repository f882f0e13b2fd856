import type { Database } from '../db/schema.ts';
import { noteAbsence } from './absence-store.ts';

/**
 * Robots whose reports are turned away are not silent: while this replica cannot keep most of what it gets, it does not listen.
 * @returns what notes that, for a job
 */
export function unservedReports(
  db: Database,
  reports: { takeReports(): { served: number; unserved: number } },
): () => Promise<void> {
  let since = Date.now();
  let untold: { from: number; to: number } | undefined;
  return async () => {
    const now = Date.now();
    const { served, unserved } = reports.takeReports();
    if (unserved > served) untold = { from: untold?.from ?? since, to: now };
    since = now;
    if (!untold) return;
    // Kept while the database itself is away.
    await noteAbsence(db, untold);
    untold = undefined;
  };
}
