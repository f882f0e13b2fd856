import type { SortKey } from './fleet';

export interface Column {
  key: SortKey;
  /** CSS grid track. */
  width: string;
  /** The track below NARROW_PX, if the column is shown there. */
  narrow?: string;
  /** The narrowest page, in px, that shows the column. */
  from: number;
  numeric?: boolean;
}

export const NARROW_PX = 720;

/** The columns of a fleet row. Narrow pages show only the most important ones. */
export const COLUMNS: Column[] = [
  { key: 'name', width: 'minmax(12rem, 2.4fr)', narrow: 'minmax(0, 1.4fr)', from: 0 },
  { key: 'state', width: 'minmax(8.5rem, 1.6fr)', narrow: 'minmax(0, 1fr)', from: 0 },
  { key: 'architecture', width: '4rem', from: 1400 },
  { key: 'cpu_percent', width: '8rem', narrow: '3.4rem', from: 0, numeric: true },
  { key: 'memory_percent', width: '8rem', from: 900, numeric: true },
  { key: 'disk_percent', width: '8rem', from: 1024, numeric: true },
  { key: 'temperature_c', width: '8rem', narrow: '3.4rem', from: 0, numeric: true },
  { key: 'load1', width: '4.5rem', from: 1280, numeric: true },
  { key: 'uptime_s', width: '6.5rem', from: 1280, numeric: true },
  { key: 'owner', width: 'minmax(6rem, 0.8fr)', from: 1440 },
];

/** Sorting by a figure starts with the largest. */
export const firstOrder = (key: SortKey): 'asc' | 'desc' =>
  COLUMNS.find((column) => column.key === key)?.numeric ? 'desc' : 'asc';
