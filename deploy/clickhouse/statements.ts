import { createRequire } from 'node:module';

/** Prints what ClickHouse's engine answers to each statement: `statements.ts LIBRARY DATA CONFIG STATEMENT…`. */
const [library = '', data = '', config = '', ...statements] = process.argv.slice(2);

interface Engine {
  queryAsync(query: string): Promise<{ text(): string }>;
}
type Open = new (path: string, options: { connectionArgs: string[] }) => Engine;
const { Session } = createRequire(import.meta.url)(library) as { Session: Open };
const engine = new Session(data, { connectionArgs: [`--config-file=${config}`] });
for (const statement of statements) process.stdout.write((await engine.queryAsync(statement)).text());
process.exit(0);
