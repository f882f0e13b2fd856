import { readdirSync, readFileSync } from 'node:fs';

export interface ForgedRequest {
  group: string;
  /** Of what Grafana would send; or, for other requests, the body as it is. */
  query?: string;
  raw?: string;
  headers?: Record<string, string>;
  path?: string;
}

const DIR = new URL('./corpus/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, DIR), 'utf8');

/** What `@NAME@` stands for. */
export type Values = Record<'LEFT' | 'RIGHT' | 'URL' | 'HOST' | 'ORG' | 'CANARY', string>;

/** Every forged request: queries by trick, all of Flux's packages, other bodies, and sizes that no file should have. */
export function corpus(values: Values): ForgedRequest[] {
  const filled = (text: string) => text.replace(/@([A-Z]+)@/g, (whole, name) => values[name as keyof Values] ?? whole);
  return [...written(), ...ofPackages(), ...large()]
    .map(({ group, query }) => ({ group, query: filled(query) }))
    .concat(requests() as never);
}

function written() {
  const files = readdirSync(DIR).filter((name) => name.endsWith('.txt') && name !== 'packages.txt');
  return files.flatMap((name) =>
    read(name)
      .split(/^---\n/m)
      .map((query) => ({ group: name.replace('.txt', ''), query: query.trimEnd() })),
  );
}

const READ = 'from(bucket: "robots") |> range(start: -1h)';
/** Arguments that some function of a package may take. */
const ARGUMENTS = [
  'bucket: "robots", start: -1h',
  'url: "@URL@"',
  'bucket: "secret"',
  'tables: from(bucket: "robots")',
  'v: "x"',
  '',
];

function ofPackages() {
  return read('packages.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      const [path = '', names = ''] = line.split(': ');
      const name = path.split('/').at(-1) as string;
      const plain = [`import "${path}"\n${READ}`, `import p "${path}"\n${READ} |> p.range(start: -1h)`];
      const calls = names
        .split(' ')
        .map(
          (of, i) =>
            `import "${path}"\n${READ} |> yield(name: "own")\n${name}.${of}(${ARGUMENTS[i % ARGUMENTS.length]})`,
        );
      return [...plain, ...calls].map((query) => ({ group: 'packages', query }));
    });
}

function large() {
  const times = (text: string, count: number) => text.repeat(count);
  return [
    `${READ}${times(' |> limit(n: 1)', 60)}`,
    `${READ}${times(' |> limit(n: 1)', 150)}`,
    `${READ}${times(' |> limit(n: 1)', 3000)}`,
    `${times('(', 100)}to${times(')', 100)}`,
    `${times('(', 20_000)}to${times(')', 20_000)}`,
    `${times('[', 5000)}${times(']', 5000)}`,
    `x = ${times('() => ', 500)}to`,
    `x = ${times('{a: ', 300)}to${times('}', 300)}`,
    `${READ} |> filter(fn: (r) => ${Array(2000).fill('r.robot_id == "@RIGHT@"').join(' or ')})`,
    `${READ} |> filter(fn: (r) => ${Array(90).fill('r.robot_id == "@RIGHT@"').join(' or ')})`,
    `${READ} |> filter(fn: (r) => r.robot_id =~ /^(${Array.from({ length: 5000 }, (_, i) => i).join('|')})$/)`,
    `union(tables: [${Array(300).fill(READ).join(', ')}])`,
    `${times('x = 1\n', 2000)}${READ}`,
    `${READ}${times('\n// to', 8000)}`,
    `"${times('${"', 200)}${times('"}', 200)}"`,
    `${times(' ', 65_000)}${READ}`,
    times('x', 65_537),
  ].map((query) => ({ group: 'sizes', query }));
}

function requests(): ForgedRequest[] {
  const list = JSON.parse(read('requests.json')) as (ForgedRequest & { name: string; body?: object })[];
  const tree = { type: 'File', package: null, imports: [], body: [] };
  return list.map(({ name, body, raw, headers, path }) => ({
    group: 'requests',
    raw: raw ?? JSON.stringify(body).replaceAll('"@AST@"', JSON.stringify(tree)),
    headers,
    path: path ?? `/grafana/api/v2/query?x=${encodeURIComponent(name)}`,
  }));
}
