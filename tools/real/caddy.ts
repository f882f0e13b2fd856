import { buildOnce } from './build-cache.ts';
import { runCommand } from './run-command.ts';

/** As in the Dockerfiles of deploy/. */
export const CADDY_VERSION = '2.11.4';

/** The path of the real Caddy, built on first use (two minutes; needs Go and the network). */
export function ensureCaddy(): Promise<string> {
  return buildOnce('caddy', CADDY_VERSION, async (dir) => {
    await runCommand('go', ['install', `github.com/caddyserver/caddy/v2/cmd/caddy@v${CADDY_VERSION}`], {
      cwd: dir,
      env: { ...process.env, GOBIN: dir, CGO_ENABLED: '0' },
      missing: 'Caddy cannot be built: Go is not installed (https://go.dev/dl), or `go` is not on PATH.',
    });
  });
}
