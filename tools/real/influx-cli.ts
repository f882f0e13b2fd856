import { join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { runCommand } from './run-command.ts';

/** Older than what the public image has; its backups are the same. Also in influx/go.mod. */
const VERSION = '2.3.0';

/** The path of the real command `influx`, built on first use (needs Go and the network). */
export function ensureInfluxCli(): Promise<string> {
  return buildOnce('influx', VERSION, async (dir) => {
    const command = 'github.com/influxdata/influx-cli/v2/cmd/influx';
    await runCommand('go', ['build', '-mod=readonly', '-ldflags', '-s -w', '-o', join(dir, 'influx'), command], {
      cwd: join(import.meta.dirname, 'influx'),
      env: { ...process.env, CGO_ENABLED: '0' },
      missing: 'The influx command cannot be built: Go is not installed (https://go.dev/dl), or `go` is not on PATH.',
    });
  });
}
