import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeCertificates } from '../../tools/real/certificates.ts';
import { startPebble } from '../../tools/real/pebble.ts';
import { AGENT_CONFIG_FILES, startTelegraf } from '../../tools/real/telegraf.ts';
import { type Running, wait } from './running.ts';

export function tlsTests(given: () => Running): void {
  function openssl(...args: string[]) {
    const client = promisify(execFile)('openssl', ['s_client', '-connect', `${given().stack.address}:9101`, ...args]);
    client.child.stdin?.end();
    return client.catch((error) => error).then(({ stdout, stderr }) => `${stdout}${stderr}`);
  }

  /** With the settings that ./setup has just made. */
  const restartEdge = () => given().stack.compose('up', '--detach', '--wait', '--no-deps', 'edge');

  describe('TLS', () => {
    it('is served on every port with a certificate of the private authority', async () => {
      for (const port of [443, 9100, 9101]) {
        const { status, headers } = await given().client.get(`https://${given().stack.address}:${port}/api/health`);
        expect([port, status, headers.get('strict-transport-security')]).toEqual([port, 200, 'max-age=31536000']);
      }
      // Grafana is left out here.
      expect((await given().client.get(`https://${given().stack.address}:9200/`)).status).toBe(502);
    });

    it('is 1.2 or newer', async () => {
      for (const version of ['-tls1_2', '-tls1_3']) expect(await openssl(version)).toContain('BEGIN CERTIFICATE');
      for (const version of ['-tls1', '-tls1_1'])
        expect(await openssl(version, '-cipher', 'DEFAULT:@SECLEVEL=0')).toContain('alert protocol version');
    });

    it('can be verified with nothing but /ca.crt, whose fingerprint setup and the web app show', async () => {
      const file = join(given().dir, 'ca.crt');
      writeFileSync(file, (await given().client.get(`${given().stack.url}/ca.crt`)).text);
      const checked = await openssl('-CAfile', file, '-verify_ip', given().stack.address, '-verify_return_error');
      expect(checked).toContain('Verify return code: 0 (ok)');
      const { ca_sha256, public_url } = (await given().client.call('GET', '/server')).body;
      expect(public_url).toBe(given().stack.url);
      expect(given().stack.setup).toContain(ca_sha256);
      expect((await promisify(execFile)('sha256sum', [file])).stdout).toContain(ca_sha256);
      expect(new X509Certificate(given().stack.ca).subject).toContain('Robowatch root');
    });

    it('answers no request for another host', async () => {
      const curl = [
        '-sS',
        '--cacert',
        join(given().dir, 'ca.crt'),
        '-H',
        'Host: other.example',
        `${given().stack.url}/api/health`,
      ];
      writeFileSync(join(given().dir, 'ca.crt'), given().stack.ca);
      const { stdout } = await promisify(execFile)('curl', [...curl, '-w', '%{http_code}']);
      expect(stdout).toBe(`This server is ${given().stack.address}.\n421`);
    });

    it('is where plain HTTP is sent, except for robots and scripts, which are told so', async () => {
      const plain = (path: string, method = 'GET') =>
        fetch(`http://${given().stack.address}${path}`, { method, redirect: 'manual' }).then((reply) => [
          reply.status,
          reply.headers.get('location'),
        ]);
      expect(await plain('/robots/7?x=1')).toEqual([308, `${given().stack.url}/robots/7?x=1`]);
      expect(await plain(':9101/pair')).toEqual([308, `${given().stack.url}/pair`]);
      const report = await fetch(`http://${given().stack.address}/api/metrics?precision=s`, {
        method: 'POST',
        body: 'm v=1',
      });
      expect([report.status, await report.text()]).toEqual([426, expect.stringContaining('over HTTPS only')]);
      for (const path of ['/api/robots', '/api/auth/login', '/oidc/token'])
        expect(await plain(path)).toEqual([426, null]);
    });

    it('loses nothing of a robot that reports over plain HTTP', async () => {
      const pace = join(given().dir, 'pace.conf');
      writeFileSync(pace, '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n  debug = true\n');
      for (const [address, status] of [
        [`http://${given().stack.address}`, 426],
        [`http://${given().stack.address}:9101`, 308],
      ] as const) {
        const env = {
          ROBOWATCH_URL: address,
          ROBOWATCH_TOKEN: 'x'.repeat(43),
          HOME: given().dir,
          ROBOWATCH_FLUSH: '1s',
        };
        const telegraf = await startTelegraf({
          configFiles: [AGENT_CONFIG_FILES[0] as string, pace],
          env,
          dir: given().dir,
        });
        const refusals = () => telegraf.output().match(new RegExp(`status code:? ${status}`, 'g'))?.length ?? 0;
        await expect.poll(refusals, { ...wait, message: telegraf.output() }).toBeGreaterThan(3);
        const fullness = [...telegraf.output().matchAll(/Buffer fullness: (\d+) /g)].map(([, n]) => Number(n));
        expect(fullness.at(-1)).toBeGreaterThan(fullness[1] as number);
        expect(telegraf.output()).not.toMatch(/drop|Wrote batch/i);
        await telegraf.stop();
      }
    });

    it('gets a certificate from an ACME authority', async () => {
      const { dir, address, env, docker } = given().stack;
      const machine = address.replace(/\.2$/, '.1');
      const pebble = await startPebble({ dir: given().dir, address: machine, target: address });
      try {
        const authority = ['--acme-directory', pebble.directory, '--acme-root', pebble.caFile];
        const name = ['--host', 'robots.lab.example', '--certificates', 'acme', '--email', 'admin@lab.example'];
        await promisify(execFile)('./setup', ['--yes', ...name, ...authority], { cwd: dir, env });
        await restartEdge();
        const root = join(given().dir, 'acme-root.crt');
        writeFileSync(root, await pebble.root());
        const connect = ['--resolve', `robots.lab.example:9101:${address}`, '--cacert', root];
        const get = () =>
          promisify(execFile)('curl', ['-fsS', ...connect, 'https://robots.lab.example:9101/api/health']).then(
            ({ stdout }) => stdout,
            ({ stderr }) => stderr as string,
          );
        const message = `${pebble.output().slice(-2000)}\n${await docker(['logs', '--tail', '20', 'robowatch-edge-1'])}`;
        await expect.poll(get, { ...wait, message }).toBe('{"status":"ok"}');
      } finally {
        await pebble.stop();
        await promisify(execFile)('./setup', ['--yes', '--host', address, '--certificates', 'private'], { cwd: dir });
        await restartEdge();
      }
    });

    it('takes a certificate of one’s own, and goes back', async () => {
      const { dir, address, env, ca } = given().stack;
      const own = await makeCertificates(join(given().dir, 'own'), address);
      const setup = (...args: string[]) => promisify(execFile)('./setup', ['--yes', ...args], { cwd: dir, env });
      await setup('--certificates', 'files', '--cert', own.certFile, '--key', own.keyFile, '--ca', own.caFile);
      await restartEdge();
      expect(await openssl('-CAfile', own.caFile, '-verify_return_error')).toContain('Verify return code: 0 (ok)');
      expect(await openssl('-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0')).toContain('alert protocol version');
      await setup('--certificates', 'private');
      await restartEdge();
      writeFileSync(join(given().dir, 'ca.crt'), ca);
      const back = await openssl('-CAfile', join(given().dir, 'ca.crt'), '-verify_return_error');
      expect(back).toContain('Verify return code: 0 (ok)');
    });
  });
}
