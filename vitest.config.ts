import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { iconify, nuxtUi } from './apps/web/vite.config.ts';

const HOSTILE = 'apps/api/test/ingest/hostile.test.ts';
/** They share one Docker engine. */
const STACK = ['deploy/stack/**/*.test.ts', 'tools/real/docker.test.ts'];
const exclude = ['**/node_modules/**', '**/dist/**'];
const web = fileURLToPath(new URL('apps/web', import.meta.url));

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'server',
          include: ['**/*.test.ts'],
          exclude: [...exclude, 'apps/web/**', HOSTILE, ...STACK],
          globalSetup: ['apps/api/test/support/database.ts'],
          testTimeout: 60_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          // By itself, after all others: it tells what an attack does to the server, not what the other tests do.
          name: 'hostile',
          include: [HOSTILE],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // After all others, which slow it down: it waits for ten services to become healthy.
          name: 'stack',
          include: STACK,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        root: web,
        plugins: [vue(), nuxtUi()],
        resolve: { alias: [iconify] },
        test: {
          name: 'web',
          include: ['src/**/*.test.ts'],
          environment: 'happy-dom',
          setupFiles: ['src/test-setup.ts'],
        },
      },
      {
        root: web,
        test: {
          name: 'browser',
          expect: { poll: { timeout: 20_000 } },
          include: ['e2e/**/*.test.ts'],
          globalSetup: ['e2e/built-app.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
