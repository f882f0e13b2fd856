/** Tables, and the width of their partitions in days. */
export const DAYS = { points: 1, logs: 1, latest: 7 };

export type Table = keyof typeof DAYS;

/** In a cluster the table with a machine's own part of `table`, which leads to all of them. */
export const localOf = (table: string): string => `${table}_local`;
