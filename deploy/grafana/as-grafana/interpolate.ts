/** What the address or a selection has given a dashboard's variables; all of them single-valued. */
export type Variables = Record<string, string>;

export interface QueryContext {
  /** ms since 1970 */
  from: number;
  to: number;
  /** What Grafana computes from the width of a panel, at least the panel's own minimum. */
  intervalMs: number;
  bucket: string;
  organization: string;
}

/** scenes' VARIABLE_REGEX: $name, [[name:format]], ${name.path:format}. */
const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

/** Of scenes' formatRegistry, for single values: what dashboards here use, and what comes without a format. */
const FORMATS: Record<string, (value: string) => string> = {
  regex: (value) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'),
  percentencode: (value) =>
    encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
  glob: (value) => value,
};

/** scenes' sceneInterpolator: variables that a dashboard does not have stay as they stand. @throws on an unknown format */
export function interpolateVariables(text: string, variables: Variables): string {
  return text.replace(REFERENCE, (match, plain, bracketed, format, braced, _path, bracedFormat) => {
    const value = variables[plain ?? bracketed ?? braced];
    if (value === undefined) return match;
    const formatted = FORMATS[format ?? bracedFormat ?? 'glob'];
    if (!formatted) throw new Error(`Unknown format in ${match}`);
    return formatted(value);
  });
}

/** Grafana's pkg/tsdb/influxdb/flux/macros.go: textual, wherever it stands, strings included. */
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

/** Go's time.RFC3339Nano: no zeros at the end of the fraction. */
const rfc3339 = (ms: number) => new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');

/** Go's Duration.String(): 10s, 1m0s, 1h0m0s, 500ms. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms / 1000) % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
