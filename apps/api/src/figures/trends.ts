/** A robot's recent past in equal windows, oldest first; null where nothing was reported. */
export interface Trend {
  cpu_percent: (number | null)[];
  memory_percent: (number | null)[];
  disk_percent: (number | null)[];
  temperature_c: (number | null)[];
}

/** The mean of one series in one window. `measurement` is one of `TREND_FIELDS`. */
export interface TrendMean {
  robotId: number;
  measurement: string;
  tags: Record<string, string>;
  /** Counted from the first window, which is 0. */
  window: number;
  value: number;
}

/** What trends are made of: a field of each of these measurements. */
export const TREND_FIELDS = { cpu: 'usage_idle', mem: 'used_percent', disk: 'used_percent', temp: 'temp' } as const;

/** The same figures as `Latest`: the root disk or else the fullest, the hottest sensor, all cores together. */
export function assembleTrends(means: TrendMean[], windows: number): Map<number, Trend> {
  const trends = new Map<number, Trend>();
  for (const [robotId, own] of Map.groupBy(means, (mean) => mean.robotId)) {
    const disks = own.filter((mean) => mean.measurement === 'disk');
    const root = disks.filter((mean) => mean.tags.path === '/');
    const cpu = own.filter((mean) => mean.measurement === 'cpu' && (mean.tags.cpu ?? 'cpu-total') === 'cpu-total');
    trends.set(robotId, {
      cpu_percent: highest(cpu, windows).map((idle) => (idle === null ? null : rounded(100 - idle))),
      memory_percent: highest(
        own.filter((mean) => mean.measurement === 'mem'),
        windows,
      ),
      disk_percent: highest(root.length > 0 ? root : disks, windows),
      temperature_c: highest(
        own.filter((mean) => mean.measurement === 'temp'),
        windows,
      ),
    });
  }
  return trends;
}

export function emptyTrend(windows: number): Trend {
  const nothing = () => Array<null>(windows).fill(null);
  return {
    cpu_percent: nothing(),
    memory_percent: nothing(),
    disk_percent: nothing(),
    temperature_c: nothing(),
  };
}

function highest(means: TrendMean[], windows: number): (number | null)[] {
  const values = Array<number | null>(windows).fill(null);
  for (const { window, value } of means) {
    if (window >= 0 && window < windows) values[window] = Math.max(values[window] ?? value, rounded(value));
  }
  return values;
}

/** To two decimals; numbers so large that they have none stay. */
export const rounded = (value: number) => (Math.abs(value) < 1e13 ? Math.round(value * 100) / 100 : value);
