import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { PairingError, pairRobot } from './pair-client.ts';

interface Scripted {
  status: number;
  body?: object;
  headers?: Record<string, string>;
}
interface Asked {
  line: string;
  body: Record<string, string>;
  authorization: string | undefined;
  at: number;
}

const ACCEPTED = {
  status: 201,
  body: { robot_id: 7, status: 'pending', poll_token: 'poll', interval: 0.01, expires_in: 900 },
};
const PENDING = { status: 200, body: { status: 'pending' } };
const CONFIRMED = { status: 200, body: { status: 'confirmed', token: 'secret', robot_id: 7, name: 'rover' } };

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that sends these replies, one per request, and records the requests. */
async function scripted(replies: Scripted[]) {
  const asked: Asked[] = [];
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { authorization } = request.headers;
    asked.push({
      line: `${request.method} ${request.url}`,
      body: JSON.parse(text || '{}'),
      authorization,
      at: Date.now(),
    });
    const { status, body, headers } = replies.shift() ?? { status: 500 };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const codes: string[] = [];
  const onCode = (code: string) => void codes.push(code);
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, codes, options: { apiUrl, hostname: 'pi', name: 'rover', architecture: 'arm64' as const, onCode } };
}

test('requests pairing, shows the code, polls with the poll token, receives the token', async () => {
  const { asked, codes, options } = await scripted([ACCEPTED, PENDING, CONFIRMED]);
  expect(await pairRobot(options)).toEqual({ token: 'secret', robotId: 7, name: 'rover' });
  const [code] = codes;
  expect(code).toMatch(/^\d{8}$/);
  expect(asked[0]?.body).toEqual({ hostname: 'pi', code, name: 'rover', architecture: 'arm64' });
  expect(asked.map(({ line }) => line)).toEqual(['POST /api/pair', ...Array(2).fill(`GET /api/pair/${code}/status`)]);
  expect(asked.map(({ authorization }) => authorization)).toEqual([undefined, 'Bearer poll', 'Bearer poll']);
});

test('a code that is in use is replaced without being shown', async () => {
  const { asked, codes, options } = await scripted([{ status: 409 }, ACCEPTED, CONFIRMED]);
  await pairRobot(options);
  expect(codes).toEqual([asked[1]?.body.code]);
  expect(asked[1]?.body.code).not.toBe(asked[0]?.body.code);
});

test('respects Retry-After in both requests', async () => {
  const busy = { status: 429, headers: { 'retry-after': '1' } };
  const { asked, options } = await scripted([busy, ACCEPTED, busy, CONFIRMED]);
  await pairRobot(options);
  const at = asked.map((request) => request.at);
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(990);
  expect((at[3] ?? 0) - (at[2] ?? 0)).toBeGreaterThanOrEqual(990);
});

test.each([
  ['expired', { status: 200, body: { status: 'expired' } }],
  ['unknown', { status: 404 }],
])('a code that is %s is followed by a new one', async (_, end) => {
  const { codes, options } = await scripted([ACCEPTED, PENDING, end, ACCEPTED, CONFIRMED]);
  await pairRobot(options);
  expect(new Set(codes).size).toBe(2);
});

test('keeps polling while the server restarts', async () => {
  const { options } = await scripted([ACCEPTED, { status: 502 }, CONFIRMED]);
  expect((await pairRobot(options)).robotId).toBe(7);
});

test('a refusal becomes one sentence with the server’s reason', async () => {
  const { options } = await scripted([{ status: 400, body: { detail: 'The hostname is too long.' } }]);
  await expect(pairRobot(options)).rejects.toThrow(
    `${options.apiUrl} refused the pairing request: The hostname is too long.`,
  );
});

test('an unreachable server is a PairingError, and an abort ends the waiting', async () => {
  const onCode = () => undefined;
  await expect(pairRobot({ apiUrl: 'http://127.0.0.1:1', hostname: 'pi', onCode })).rejects.toThrow(PairingError);
  const { options } = await scripted([ACCEPTED, PENDING]);
  const abort = new AbortController();
  await expect(pairRobot({ ...options, signal: abort.signal, onCode: () => abort.abort() })).rejects.toThrow(/abort/i);
});
