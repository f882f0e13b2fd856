import { writeFileSync } from 'node:fs';
import { buildApp } from './app.ts';
import type { Composition } from './composition.ts';
import { loadConfig } from './config/config.ts';

export const OPENAPI_FILE = new URL('../openapi.json', import.meta.url);

/** The contract as JSON. Routes are only registered, never called, so nothing they work with is needed. */
export async function openApiText(): Promise<string> {
  const config = loadConfig({
    DATABASE_URL: 'postgres://nowhere/none',
    SECRET_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789',
  });
  const app = await buildApp({ config } as Composition);
  await app.ready();
  return `${JSON.stringify(app.swagger(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(OPENAPI_FILE, await openApiText());
