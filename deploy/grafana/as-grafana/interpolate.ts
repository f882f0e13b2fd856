/** Selects every option of a variable that allows it. */
export const ALL = '$__all';
/** What a variable inserts for ALL if it has an own text for it: without a format. */
export interface AllValue {
  allValue: string;
}
/** Values of a dashboard's variables, from the URL or a selection; several of those that allow it. */
export type Variables = Record<string, string | string[] | AllValue>;

export interface QueryContext {
  /** ms since 1970 */
  from: number;
  to: number;
  /** Computed by Grafana from the panel's width; not below the panel's minimum. */
  intervalMs: number;
  bucket: string;
  organization: string;
}

/** scenes' VARIABLE_REGEX: $name, [[name:format]], ${name.path:format}. */
const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

const each = (value: string | string[], one: (value: string) => string) => [value].flat().map(one);

/** The formats of scenes' formatRegistry that dashboards here use, and the default. */
const FORMATS: Record<string, (value: string | string[]) => string> = {
  regex: (value) => {
    const escaped = each(value, (one) => one.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
    return Array.isArray(value) && value.length !== 1 ? `(${escaped.join('|')})` : `${escaped}`;
  },
  percentencode: (value) =>
    encodeURIComponent(Array.isArray(value) ? `{${value}}` : value).replace(
      /[!'()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  sqlstring: (value) => each(value, (one) => `'${one.replaceAll("'", "''").replaceAll('"', '\\"')}'`).join(),
  glob: (value) => (Array.isArray(value) && value.length > 1 ? `{${value}}` : `${value}`),
};

/** scenes' sceneInterpolator: leaves references to unknown variables unchanged. @throws on an unknown format */
export function interpolateVariables(text: string, variables: Variables): string {
  return text.replace(REFERENCE, (match, plain, bracketed, format, braced, _path, bracedFormat) => {
    const value = variables[plain ?? bracketed ?? braced];
    if (value === undefined) return match;
    if (typeof value === 'object' && 'allValue' in value) return value.allValue;
    const formatted = FORMATS[format ?? bracedFormat ?? 'glob'];
    if (!formatted) throw new Error(`Unknown format in ${match}`);
    return formatted(value);
  });
}

/** Grafana's pkg/tsdb/influxdb/flux/macros.go: replaces text anywhere, even inside strings. */
export function interpolateMacros(query: string, context: QueryContext): string {
  const { from, to, intervalMs, bucket, organization } = context;
  const values: Record<string, string> = {
    timeRangeStart: rfc3339(from),
    timeRangeStop: rfc3339(to),
    windowPeriod: goDuration(intervalMs),
    bucket: `"${bucket}"`,
    defaultBucket: `"${bucket}"`,
    organization: `"${organization}"`,
  };
  let text = query;
  for (const [whole, , name = ''] of query.matchAll(/([a-zA-Z]+)\.([a-zA-Z]+)/g))
    if (Object.hasOwn(values, name)) text = text.replaceAll(whole, () => values[name] as string);
  return text.replaceAll('$__interval_ms', String(intervalMs)).replaceAll('$__interval', goDuration(intervalMs));
}

/** The macros of Grafana's PostgreSQL data source that dashboards here use; replaced anywhere, even inside strings. */
export function interpolateSqlMacros(query: string, { from, to }: Pick<QueryContext, 'from' | 'to'>): string {
  const [start, end] = [from, to].map((ms) => `'${rfc3339(ms)}'`);
  return query.replace(/\$__(\w+)\(([^)]*)\)/g, (whole, name, argument) => {
    if (name === 'timeFilter') return `${argument} BETWEEN ${start} AND ${end}`;
    if (name === 'timeFrom') return `${start}`;
    if (name === 'timeTo') return `${end}`;
    throw new Error(`Unknown macro in ${whole}`);
  });
}

/** Go's time.RFC3339Nano: no trailing zeros in the fraction. */
const rfc3339 = (ms: number) => new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');

/** Go's Duration.String(): 10s, 1m0s, 1h0m0s, 500ms. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms / 1000) % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
