import type { Latest } from '../robots/schemas.ts';
import { rounded } from './trends.ts';

/** The newest value of each field of one series. */
export interface NewestFields {
  measurement: string;
  tags: Record<string, string>;
  fields: Record<string, unknown>;
}

/** The fleet's figures of one robot, from its series' newest values. */
export function figures(series: NewestFields[]): Latest {
  const values = (measurement: string, field: string) =>
    series.flatMap((s) => {
      const value = s.measurement === measurement ? s.fields[field] : undefined;
      return typeof value === 'number' ? [{ value, root: s.tags.path === '/' }] : [];
    });
  const first = (measurement: string, field: string) => values(measurement, field)[0]?.value ?? null;
  const highest = (all: { value: number }[]) => (all.length > 0 ? Math.max(...all.map(({ value }) => value)) : null);
  const idle = first('cpu', 'usage_idle');
  const disks = values('disk', 'used_percent');
  return {
    cpu_percent: idle === null ? null : rounded(100 - idle),
    memory_percent: first('mem', 'used_percent'),
    disk_percent: disks.find((disk) => disk.root)?.value ?? highest(disks),
    temperature_c: highest(values('temp', 'temp')),
    load1: first('system', 'load1'),
    uptime_s: first('system', 'uptime'),
  };
}
