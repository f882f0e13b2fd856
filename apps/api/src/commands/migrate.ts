import { migrate } from '../db/migrate.ts';
import { createViews } from '../rollups/view-store.ts';
import { runCommand } from './command.ts';

/** `npm run migrate`: brings the database to this release, as the server does when it starts. */
await runCommand(async (db, config) => {
  await migrate(db);
  await createViews(db, config.rollups.retention);
  return 'The database is that of this release.';
});
