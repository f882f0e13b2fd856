import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

/** Serves ClickHouse's engine over HTTP: `chdb-server.ts LIBRARY DATA PORT`. One query at a time, as the engine's session takes them. */
const [library = '', data = '', port = ''] = process.argv.slice(2);

interface Engine {
  queryAsync(query: string, options?: { format?: string }): Promise<{ bytes(): Uint8Array; text(): string }>;
}
const { Session } = createRequire(import.meta.url)(library) as { Session: new (path: string) => Engine };
const engine = new Session(data);
let turn: Promise<unknown> = Promise.resolve();
let database = '';

/** `insert into t (a, b) format F`, with the rows in the request's body. */
const INSERT = /^\s*insert\s+into\s+([\w.`]+)\s*\(([^)]*)\)\s*format\s+(\w+)\s*$/i;

async function answer(request: IncomingMessage): Promise<Uint8Array> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/ping') return Buffer.from('Ok.\n');
  const body = await buffer(request);
  const query = searchParams.get('query') ?? body.toString();
  const wanted = searchParams.get('database') ?? '';
  if (wanted && wanted !== database) {
    await engine.queryAsync(`use \`${wanted}\``);
    database = wanted;
  }
  const [, table = '', columns = '', format = ''] = INSERT.exec(query) ?? [];
  if (!table) return (await engine.queryAsync(query)).bytes();
  const file = join(data, '..', `insert-${randomBytes(6).toString('hex')}`);
  await writeFile(file, body);
  try {
    const structure = await structureOf(
      table,
      columns.split(',').map((name) => name.trim()),
    );
    const rows = `select * from file('${file}', '${format}', '${structure.replaceAll("'", "\\'")}')`;
    return (await engine.queryAsync(`insert into ${table} (${columns}) ${rows}`)).bytes();
  } finally {
    await rm(file);
  }
}

async function structureOf(table: string, columns: string[]): Promise<string> {
  const described = await engine.queryAsync(`describe table ${table}`, { format: 'JSONCompactEachRow' });
  const lines = described.text().trim().split('\n');
  const types = new Map(lines.map((line) => JSON.parse(line) as [string, string]).map(([name, type]) => [name, type]));
  return columns.map((name) => `${name} ${types.get(name)}`).join(', ');
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  turn = turn.then(async () => {
    try {
      response.end(await answer(request));
    } catch (error) {
      const { message } = error as Error;
      const code = /Code: (\d+)/.exec(message)?.[1] ?? '0';
      response.writeHead(500, { 'x-clickhouse-exception-code': code }).end(message);
    }
  });
});
server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
