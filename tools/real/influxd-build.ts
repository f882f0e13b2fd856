import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { runCommand } from './run-command.ts';

const VERSION = '2.7.12';
const MODULE = join(import.meta.dirname, 'influxd');
const TAGS = 'sqlite_foreign_keys,sqlite_json,noassets';

const need = (program: string) => `InfluxDB cannot be built: ${program} is not installed, or not on PATH.`;

/**
 * The path of the real influxd, built on first use (a few minutes; needs Go, Rust, a C compiler, pkg-config and the
 * network). Built without the web interface, which is not used here.
 */
export async function ensureInfluxd(): Promise<string> {
  const sums = await readFile(join(MODULE, 'go.sum'));
  const hash = createHash('sha256').update(TAGS).update(sums).digest('hex').slice(0, 12);
  return buildOnce('influxd', `${VERSION}-${hash}`, build);
}

async function build(dir: string) {
  const tools = join(dir, 'build-tools');
  await mkdir(tools);
  const check = { env: process.env, cwd: dir };
  await runCommand('go', ['version'], { ...check, missing: need('Go') });
  await runCommand('cargo', ['--version'], { ...check, missing: need('Rust (cargo)') });
  await runCommand('pkg-config', ['--version'], { ...check, missing: need('pkg-config') });
  await runCommand('cc', ['--version'], { ...check, missing: need('a C compiler (cc)') });

  // Flux denies warnings, and newer compilers have more of them; RUSTFLAGS would not reach build scripts.
  const wrapper = join(tools, 'rustc-without-lints');
  await writeFile(wrapper, '#!/bin/sh\nexec "$@" --cap-lints allow\n', { mode: 0o755 });

  const go = (args: string[], env: NodeJS.ProcessEnv) =>
    runCommand('go', ['build', '-mod=readonly', ...args], { cwd: MODULE, env, missing: need('Go') });
  // InfluxData's pkg-config builds libflux on request, and delegates everything else to the system's.
  await go(['-o', join(tools, 'pkg-config'), 'github.com/influxdata/pkg-config'], process.env);
  await go(['-tags', TAGS, '-o', join(dir, 'influxd'), 'github.com/influxdata/influxdb/v2/cmd/influxd'], {
    ...process.env,
    PATH: `${tools}:${process.env.PATH}`,
    // Otherwise the old toolchain that Flux pins would be downloaded.
    RUSTUP_TOOLCHAIN: process.env.RUSTUP_TOOLCHAIN || 'stable',
    RUSTC_WRAPPER: wrapper,
  });
  await rm(tools, { recursive: true });
}
