import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';
import { freePort } from './free-port.ts';

const START_TIMEOUT_MS = 60_000;

/**
 * Starts Debian's Prometheus on 127.0.0.1, which scrapes `GET /metrics` on a port every second. Ends with this process.
 */
export async function startPrometheus(target: number) {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-prometheus-'));
  const config = join(dir, 'prometheus.yml');
  const job = { job_name: 'robowatch', static_configs: [{ targets: [`127.0.0.1:${target}`] }] };
  // JSON is valid YAML.
  await writeFile(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }));
  const port = await freePort();
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = await startChild('prometheus', args, { cwd: dir, env: {} });
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_TIMEOUT_MS; ; await sleep(100)) {
    const ready = await fetch(`${url}/-/ready`).then(
      (reply) => reply.ok,
      () => false,
    );
    if (ready) break;
    if (child.hasExited() || Date.now() > end) throw new Error(`Prometheus did not start:\n${child.output()}`);
  }
  return {
    url,
    stop: async () => {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
