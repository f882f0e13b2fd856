/** A stream of numbers in [0, 1) that is the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Random = () => number;
const pick = <T>(random: Random, from: readonly T[]) => from[Math.floor(random() * from.length)] as T;

const NAMES = [
  ...[
    'from',
    'range',
    'filter',
    'now',
    'buckets',
    'to',
    'cardinality',
    'wideTo',
    'schema',
    'v1',
    'r',
    'tables',
    'start',
  ],
  ...[
    'stop',
    'f',
    'g',
    'n',
    'd',
    'mean',
    'keep',
    'group',
    'distinct',
    'die',
    'string',
    'universe',
    'influxdb',
    'fleet',
  ],
  ...[
    'robotDays',
    'true',
    'csv',
    'x',
    'y',
    'location',
    '__robowatch_now',
    '__robowatch_range_0',
    '__robowatch_range_then',
  ],
];
const SOURCES = [
  ...[
    'from(bucket: "robots")',
    'from(bucket: "secret")',
    'buckets()',
    'fleet()',
    'robotDays(start: -1d)',
    '(from)(bucket: "robots")',
  ],
  ...['schema.tagValues(bucket: "robots", tag: "robot")', 'v1.tagKeys(bucket: "robots")', 'x', 'f(bucket: "robots")'],
  ...[
    'union(tables: [from(bucket: "robots") |> range(start: -1h), x])',
    'array.from(rows: [{_time: now(), robot_id: "@RIGHT@"}])',
  ],
];
const CALLS = [
  ...[
    'range(start: -1h)',
    'range(start: 0, stop: 2100-01-01T00:00:00Z)',
    'filter(fn: (r) => true)',
    'filter(fn: (r) => r.robot_id == "@RIGHT@")',
  ],
  ...[
    'filter(fn: (r) => r.robot_id =~ /^(@LEFT@|@RIGHT@)$/)',
    'filter(fn: (r) => r["robot_id"] == "@LEFT@")',
    'filter(fn: (r) => r._field == "usage_idle")',
  ],
  ...[
    'drop(columns: ["robot_id"])',
    'drop(columns: ["robot_id", "_field", "_measurement"])',
    'rename(columns: {robot: "robot_id"})',
    'set(key: "robot_id", value: "@LEFT@")',
  ],
  ...[
    'group()',
    'group(columns: ["robot_id"])',
    'keep(columns: ["robot", "robot_id", "_value", "_time"])',
    'last()',
    'count()',
    'max()',
    'sum()',
    'limit(n: 3)',
  ],
  ...[
    'map(fn: (r) => ({r with robot_id: "@LEFT@"}))',
    'map(fn: (r) => ({r with x: display(v: r)}))',
    'window(every: 1h)',
    'yield(name: "y")',
  ],
  ...[
    'distinct(column: "robot_id")',
    'keys()',
    'toString()',
    'sort()',
    'duplicate(column: "robot", as: "robot_id")',
    'f()',
    'to(bucket: "robots")',
    'schema.fieldsAsCols()',
  ],
  ...[
    'findRecord(fn: (key) => true, idx: 0)',
    'tableFind(fn: (key) => true)',
    'aggregateWindow(every: 1h, fn: last, createEmpty: false)',
    'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
  ],
];
const VALUES = [
  ...NAMES,
  ...[
    '(tables=<-, fn) => tables',
    '(tables=<-, start, stop=now()) => tables',
    '() => 2100-01-01T00:00:00Z',
    '(x) => x',
    '(bucket) => from(bucket: "secret")',
  ],
  ...[
    '{from: from, range: range}',
    '{filter}',
    '[range]',
    '"@RIGHT@"',
    '(fn, tables=<-) => tables',
    '(tables=<-, columns) => tables',
    '-1h',
  ],
];
const HEADS = [
  '',
  '',
  '',
  'import "influxdata/influxdb/schema"\n',
  'import "influxdata/influxdb/v1"\n',
  'import "array"\n',
  'import "join"\nimport "strings"\n',
];
const PATHS = [
  'universe',
  'influxdata/influxdb',
  'experimental',
  'csv',
  'sql',
  'http',
  'math',
  'influxdata/influxdb/schema',
  'date',
  'system',
];

/** A query made of parts, and of parts of those given: often valid, and always meant to get at something. */
export function forge(seeds: readonly string[], random: Random): string {
  const text = random() < 0.6 ? composed(random) : spliced(seeds, random);
  const changes = random() < 0.4 ? 0 : 1 + Math.floor(random() * 2);
  return Array.from({ length: changes }).reduce<string>((now) => pick(random, CHANGES)(now, random), text);
}

function composed(random: Random): string {
  const some = (most: number, make: () => string) => Array.from({ length: Math.floor(random() * (most + 1)) }, make);
  const chain = () => [pick(random, SOURCES), ...some(5, () => pick(random, CALLS))].join(' |> ');
  const read = () =>
    random() < 0.6
      ? ['from(bucket: "robots")', 'range(start: -1h)', ...some(4, () => pick(random, CALLS))].join(' |> ')
      : chain();
  const statements =
    random() < 0.5 ? [] : some(2, () => `${pick(random, NAMES)} = ${random() < 0.4 ? read() : pick(random, VALUES)}\n`);
  const last = random() < 0.3 ? `${read()} |> yield(name: "a")\n${read()}` : read();
  return `${pick(random, HEADS)}${statements.join('')}${last}`;
}

/** The beginning of one and the rest of another. */
function spliced(seeds: readonly string[], random: Random): string {
  const [one, other] = [pick(random, seeds), pick(random, seeds)];
  if (random() < 0.3) return one;
  if (random() < 0.5) return `${one}\n${other}`;
  const cut = (text: string) => {
    const places = [...text.matchAll(/\n| \|> |, /g)].map(({ index }) => index);
    return places.length > 0 ? pick(random, places) : text.length;
  };
  return one.slice(0, cut(one)) + other.slice(cut(other));
}

const CHANGES: ((text: string, random: Random) => string)[] = [
  // In a function.
  (text) => {
    const [, head = '', body = ''] = /^((?:import .*\n)*)([\s\S]*)$/.exec(text) ?? [];
    const lines = body.trim().split('\n');
    const last = lines.pop();
    return `${head}q = () => {\n${lines.join('\n')}\nreturn ${last}\n}\nq()`;
  },
  // Another name for a function, before the first use.
  (text, random) => {
    const name = pick(random, ['from', 'range', 'filter', 'buckets', 'last']);
    const head = /^(?:import .*\n)*/.exec(text)?.[0] ?? '';
    return `${head}alias = ${name}\n${text.slice(head.length).replaceAll(new RegExp(`\\b${name}\\(`, 'g'), 'alias(')}`;
  },
  (text, random) => text.replaceAll(' |> ', () => (random() < 0.3 ? ' // )\n |> ' : ' |> ')),
  (text, random) => {
    const lines = text.split('\n');
    const [i, k] = [Math.floor(random() * lines.length), Math.floor(random() * lines.length)];
    [lines[i], lines[k]] = [lines[k] as string, lines[i] as string];
    return lines.join('\n');
  },
  (text, random) => {
    const parts = text.split(' |> ');
    const [i, k] = [Math.floor(random() * parts.length), Math.floor(random() * parts.length)];
    [parts[i], parts[k]] = [parts[k] as string, parts[i] as string];
    return parts.join(' |> ');
  },
  (text, random) => text.replace(new RegExp(`\\b${pick(random, NAMES)}\\b`), pick(random, NAMES)),
  (text, random) =>
    `import ${pick(random, ['', '', 'r ', 'from ', 'filter ', 'schema ', 'range '])}"${pick(random, PATHS)}"\n${text}`,
  (text, random) => `${pick(random, NAMES)} = ${pick(random, VALUES)}\n${text}`,
  (text, random) => `${text}\n${pick(random, NAMES)} = ${pick(random, VALUES)}`,
  (text, random) => `option ${pick(random, NAMES)} = ${pick(random, VALUES)}\n${text}`,
  (text, random) => text.replace(/\.(\w+)/, (whole, name) => (random() < 0.5 ? `["${name}"]` : whole)),
  (text, random) =>
    text.replace(/ \|> (\w+)\(/, (whole, name) => (random() < 0.5 ? ` |> ({${name}: ${name}}).${name}(` : whole)),
  (text, random) => text.replace(/"(\w+)"/, (whole, inner) => (random() < 0.5 ? `"\${"${inner}"}"` : whole)),
  (text, random) => {
    const at = Math.floor(random() * text.length);
    return (
      text.slice(0, at) +
      pick(random, ['(', ')', '{', '"', ' ', '|', '<-', '.', '\\', '\u0000', 'о', '$']) +
      text.slice(at + 1)
    );
  },
];
