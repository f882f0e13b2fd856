import { writeFileSync } from 'node:fs';
import pino from 'pino';
import { buildApp } from './app.ts';
import { assemble } from './composition.ts';
import { loadConfig } from './config/config.ts';
import { connect } from './db/client.ts';
import { EventBus } from './events/event-bus.ts';
import { PostgresStore } from './stores/postgres/postgres-store.ts';

export const OPENAPI_FILE = new URL('../openapi.json', import.meta.url);
const NOWHERE = 'postgres://nowhere/none';

/** The OpenAPI document as JSON, from the routes of a server that never connects to its database. */
export async function openApiText(): Promise<string> {
  const config = loadConfig({ DATABASE_URL: NOWHERE, SECRET_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789' });
  const log = pino({ level: 'silent' });
  const { db } = connect(NOWHERE, 1);
  const store = new PostgresStore(db, db, { retention: config.metrics.retention, maxChannels: 1 }, log);
  const app = await buildApp(assemble({ config, log, db, readDb: db, store, events: new EventBus(NOWHERE) }));
  await app.ready();
  const text = `${JSON.stringify(app.swagger(), null, 2)}\n`;
  await app.close();
  await db.destroy();
  return text;
}

if (import.meta.main) writeFileSync(OPENAPI_FILE, await openApiText());
