import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SMTPServer } from 'smtp-server';
import { between, seeded } from '../acknowledged/random.ts';

/**
 * A web server and a mail server as a process of their own, which can be killed. Each message is written to the file
 * before it is taken, so what is not noted has not been taken.
 */
const { values } = parseArgs({
  options: { http: { type: 'string' }, smtp: { type: 'string' }, file: { type: 'string' }, seed: { type: 'string' } },
});
const random = seeded(Number(values.seed));
const file = openSync(String(values.file), 'a');
const note = (to: string, key: string, body: string) =>
  writeSync(file, `${JSON.stringify({ at: Date.now(), to, key, body })}\n`);
/** Some are slow, so that senders are killed between sending and noting it. */
const delay = (to: string) => (to.includes('quick') || random() < 0.5 ? undefined : sleep(between(random, 1, 200)));

const http = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return;
  }
  const to = String(request.url).slice(1);
  note(to, String(request.headers['idempotency-key']), String(Buffer.concat(chunks)));
  await delay(to);
  response.writeHead(204).end();
});
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  onData(stream, session, done) {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', async () => {
      const raw = String(Buffer.concat(chunks));
      const to = session.envelope.rcptTo[0]?.address.split('@')[0] ?? '';
      note(to, /^Message-ID: <([^@]*)@/im.exec(raw)?.[1] ?? '', raw);
      await delay(to);
      done();
    });
  },
});
// Whoever sends may be killed in the middle of it.
smtp.on('error', () => undefined);
await new Promise<void>((resolve) => http.listen(Number(values.http), '127.0.0.1', resolve));
await new Promise<void>((resolve) => smtp.listen(Number(values.smtp), '127.0.0.1', () => resolve()));
process.stdout.write('listening\n');
