/** The severities to filter by, and the names under which robots send them, in any case. */
export const LEVEL_GROUPS = {
  error: ['emerg', 'alert', 'crit', 'err', 'error', 'critical', 'fatal', 'panic', 'emergency'],
  warning: ['warning', 'warn'],
  notice: ['notice'],
  info: ['info', 'information', 'informational'],
  debug: ['debug', 'trace'],
} as const;
export type LevelGroup = keyof typeof LEVEL_GROUPS;
export const GROUP_NAMES = Object.keys(LEVEL_GROUPS) as LevelGroup[];

export function groupOf(level: string | null): LevelGroup | null {
  const spelled = level?.toLowerCase() ?? '';
  return GROUP_NAMES.find((group) => (LEVEL_GROUPS[group] as readonly string[]).includes(spelled)) ?? null;
}

/** The API's `level` parameter for these groups; undefined for all. */
export function levelParameter(groups: LevelGroup[]): string | undefined {
  if (groups.length === 0 || groups.length === GROUP_NAMES.length) return undefined;
  return groups.flatMap((group) => LEVEL_GROUPS[group]).join();
}
