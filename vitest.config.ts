import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { iconify, nuxtUi } from './apps/web/vite.config.ts';

const HOSTILE = 'apps/api/test/ingest/hostile.test.ts';
const OUTAGES = 'apps/api/test/agent/outages.test.ts';
/** One file, because there is one Docker engine. */
const STACK = 'deploy/stack/stack.test.ts';
/** By itself only: boards are emulated, which takes long. */
const BOARDS = 'apps/api/test/boards/**/*.test.ts';
/** How long a test waits for what must come: long, because a busy machine is no reason to fail. */
const expect = { poll: { timeout: 20_000 } };
const exclude = ['**/node_modules/**', '**/dist/**'];
const web = fileURLToPath(new URL('apps/web', import.meta.url));

/** The stack takes ten minutes, in which it mostly waits: everything else runs beside it. */
class StackFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isStack = ({ moduleId }: TestSpecification) => moduleId.endsWith(STACK);
    return [...sorted.filter(isStack), ...sorted.filter((file) => !isStack(file))];
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: StackFirst },
    projects: [
      {
        test: {
          name: 'server',
          expect,
          include: ['**/*.test.ts'],
          exclude: [...exclude, 'apps/web/**', HOSTILE, OUTAGES, STACK, BOARDS],
          globalSetup: ['apps/api/test/support/database.ts'],
          testTimeout: 60_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          // By itself, after all others: it tells what an attack does to the server, not what the other tests do.
          name: 'hostile',
          expect,
          include: [HOSTILE],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // By itself too: seconds on the robot are seconds of the test.
          name: 'outages',
          expect,
          include: [OUTAGES],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'stack',
          expect,
          include: [STACK],
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
        },
      },
      {
        test: {
          name: 'boards',
          expect,
          include: [BOARDS],
          globalSetup: ['apps/api/test/boards/emulated.ts'],
          testTimeout: 900_000,
          hookTimeout: 1_800_000,
        },
      },
      {
        root: web,
        plugins: [vue(), nuxtUi()],
        resolve: { alias: [iconify] },
        test: {
          name: 'web',
          expect,
          include: ['src/**/*.test.ts'],
          environment: 'happy-dom',
          setupFiles: ['src/test-setup.ts'],
        },
      },
      {
        root: web,
        test: {
          name: 'browser',
          expect,
          include: ['e2e/**/*.test.ts'],
          globalSetup: ['e2e/built-app.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
