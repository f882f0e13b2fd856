import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../../tools/real/child.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { untilListening } from '../../tools/real/until-listening.ts';

/** nginx as a plain authenticating reverse proxy in front of InfluxDB: a map of tokens, no stamping, no batching. */
export async function startNginx(options: {
  influxUrl: string;
  writePath: string;
  writeToken: string;
  tokens: string[];
}): Promise<Child & { url: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-bench-nginx-'));
  const port = await freePort();
  const known = options.tokens.map((token) => `    "Bearer ${token}" 1;`).join('\n');
  const config = `
daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  client_body_buffer_size 64k;
  map_hash_bucket_size 128; map_hash_max_size 8192;
  map $http_authorization $known {
    default 0;
${known}
  }
  upstream influx { server ${new URL(options.influxUrl).host}; keepalive 256; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /api/metrics {
      if ($known = 0) { return 401; }
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Token ${options.writeToken}";
      proxy_pass http://influx${options.writePath};
    }
  }
}
`;
  const file = join(dir, 'nginx.conf');
  await writeFile(file, config, { mode: 0o600 });
  const child = await startChild('nginx', ['-c', file, '-p', dir], { cwd: dir, env: {} });
  await untilListening(port, child);
  const stop = async () => {
    await child.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { ...child, stop, url: `http://127.0.0.1:${port}` };
}
