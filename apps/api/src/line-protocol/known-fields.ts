import type { FieldType } from './field-value.ts';

const floats = (...names: string[]) => names.map((name): [string, FieldType] => [name, 'float']);
const integers = (...names: string[]) => names.map((name): [string, FieldType] => [name, 'integer']);
const strings = (...names: string[]) => names.map((name): [string, FieldType] => [name, 'string']);

/**
 * The fields that charts, dashboards and roll-ups rely on, with the types Telegraf gives them. They are fixed because
 * InfluxDB settles a field's type by the first value of anybody: no robot may settle `cpu` wrongly for all others.
 */
const KNOWN: Record<string, Map<string, FieldType>> = {
  cpu: new Map(
    floats(
      ...['user', 'system', 'idle', 'nice', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'guest_nice', 'active'].map(
        (state) => `usage_${state}`,
      ),
    ),
  ),
  mem: new Map([
    ...floats('used_percent', 'available_percent'),
    ...integers('available', 'total', 'used', 'free', 'buffered', 'cached'),
  ]),
  disk: new Map([...floats('used_percent', 'inodes_used_percent'), ...integers('free', 'total', 'used')]),
  net: new Map(integers('bytes_recv', 'bytes_sent', 'err_in', 'err_out', 'drop_in', 'drop_out')),
  temp: new Map(floats('temp')),
  system: new Map([...floats('load1', 'load5', 'load15'), ...integers('uptime')]),
  syslog: new Map(strings('message', 'level', 'program')),
};

export const knownType = (measurement: string, field: string): FieldType | undefined =>
  Object.hasOwn(KNOWN, measurement) ? KNOWN[measurement]?.get(field) : undefined;

const NUMERIC: FieldType[] = ['float', 'integer', 'unsigned'];
const MAX_INT64 = 2n ** 63n;

/** The same number written as another type, or undefined where it would change. `text` is a checked field value. */
export function convertNumber(text: string, from: FieldType, to: FieldType): string | undefined {
  if (!NUMERIC.includes(from) || !NUMERIC.includes(to)) return undefined;
  if (to === 'float') return text.slice(0, -1);
  const whole = from === 'float' ? /^(-?\d+)(\.0*)?$/.exec(text)?.[1] : text.slice(0, -1);
  if (whole === undefined || whole.length > 20) return undefined;
  const value = BigInt(whole);
  return value < MAX_INT64 && value >= -MAX_INT64 ? `${whole}i` : undefined;
}
