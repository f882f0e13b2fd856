import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startDebian } from '../../tools/real/debian.ts';
import { ensureTelegraf } from '../../tools/real/telegraf.ts';
import { type Running, wait } from './running.ts';

export function robotTests(given: () => Running): void {
  describe('a robot', () => {
    it('installed over TLS with the command that the web app shows, sends its first metric within a minute', async () => {
      const debian = await startDebian({ hostname: 'rover-9', telegraf: await ensureTelegraf() });
      try {
        const { ca_sha256 } = (await given().client.call('GET', '/server')).body;
        const began = Date.now();
        const child = await debian.shell(
          `cd /root && curl -fsSLk ${given().stack.url}/ca.crt -o robowatch-ca.crt \
            && echo "${ca_sha256}  robowatch-ca.crt" | sha256sum -c \
            && curl -fsSL --cacert robowatch-ca.crt ${given().stack.url}/install.sh | sh -s -- --ca robowatch-ca.crt`,
        );
        const shown = () => /Pairing code: {2}(\d{4}) (\d{4})/.exec(child.output());
        while (!shown() && !child.hasExited()) await sleep(100);
        const [, left, right] = shown() ?? [];
        const token = await given().client.signIn();
        const preview = await given().client.call('GET', `/pair/${left}${right}`, { token });
        // The edge says where the robot is: this machine's end of the engine's network.
        expect(preview.body).toMatchObject({
          hostname: 'rover-9',
          address: given().stack.address.replace(/\.2$/, '.1'),
        });
        await given().client.call('POST', `/pair/${left}${right}/confirm`, { token, body: {} });
        const rover = async () =>
          (await given().client.call('GET', '/robots', { token })).body.items.find(
            ({ hostname }: { hostname: string }) => hostname === 'rover-9',
          );
        await expect.poll(async () => (await rover())?.latest.memory_percent, wait).toEqual(expect.any(Number));
        const seconds = (Date.now() - began) / 1000;
        process.stdout.write(`\nA robot's first metric, ${seconds.toFixed(1)} s after the command\n`);
        expect(seconds).toBeLessThan(60);
        await child.exited;
        expect(child.output()).toContain('Done: the first report was accepted');
      } finally {
        await debian.stop();
      }
    });
  });
}
