import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const REMOTE = '/lib/systemd/systemd-journal-remote';

export interface JournalEntry {
  /** Microseconds since 1970, as journald counts them. */
  micros: number;
  /** Text or raw bytes. */
  fields: Record<string, string | Buffer>;
}

/**
 * A real journal in a folder, without a running journald. Put `bin` first on PATH: its `journalctl` reads that journal.
 * Needs Debian's systemd and systemd-journal-remote.
 */
export async function createJournal(dir: string) {
  await access(REMOTE).catch(() => {
    throw new Error('Cannot create a journal. Run: apt-get install systemd-journal-remote');
  });
  const [files, bin] = [join(dir, 'journal'), join(dir, 'bin')];
  await mkdir(files, { recursive: true });
  await mkdir(bin, { recursive: true });
  const wrapper = `#!/bin/sh\nexec /usr/bin/journalctl --directory='${files}' "$@"\n`;
  await writeFile(join(bin, 'journalctl'), wrapper, { mode: 0o755 });
  const boot = randomUUID().replaceAll('-', '');
  return {
    bin,
    async add(entries: JournalEntry[]) {
      const target = join(files, `${randomUUID()}.journal`);
      const remote = spawn(REMOTE, ['--output', target, '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
      let trouble = '';
      remote.stderr.on('data', (chunk) => {
        trouble += chunk;
      });
      remote.stdin.end(Buffer.concat(entries.map((entry) => exported(entry, boot))));
      const [code] = await once(remote, 'close');
      if (code !== 0) throw new Error(`systemd-journal-remote failed: ${trouble}`);
    },
  };
}

/** Journal Export Format: binary or multi-line values are prefixed with their length (64 bits, little-endian). */
function exported({ micros, fields }: JournalEntry, boot: string): Buffer {
  const head = `__REALTIME_TIMESTAMP=${micros}\n__MONOTONIC_TIMESTAMP=${micros % 1e9}\n_BOOT_ID=${boot}\n`;
  const parts = Object.entries(fields).map(([name, value]) => {
    const bytes = Buffer.from(value);
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([Buffer.from(`${name}\n`), size, bytes, Buffer.from('\n')]);
  });
  return Buffer.concat([Buffer.from(head), ...parts, Buffer.from('\n')]);
}
