/** Severities as people look for them, and the spellings in which robots send each. */
export const LEVEL_GROUPS = {
  error: ['emerg', 'alert', 'crit', 'err', 'error', 'critical', 'fatal', 'panic', 'emergency'],
  warning: ['warning', 'warn'],
  notice: ['notice'],
  info: ['info', 'information', 'informational'],
  debug: ['debug', 'trace'],
} as const;
/** Those that loggers also write in capitals. */
const LOUD = ['ERROR', 'CRITICAL', 'FATAL', 'WARNING', 'WARN', 'INFO', 'DEBUG', 'TRACE'];
const MAX_LENGTH = 200;
export type LevelGroup = keyof typeof LEVEL_GROUPS;
export const GROUP_NAMES = Object.keys(LEVEL_GROUPS) as LevelGroup[];

export function groupOf(level: string | null): LevelGroup | null {
  const spelled = level?.toLowerCase() ?? '';
  return GROUP_NAMES.find((group) => (LEVEL_GROUPS[group] as readonly string[]).includes(spelled)) ?? null;
}

/** The API's `level` parameter for some groups; undefined for all. @param seen spellings that this robot is known to send */
export function levelParameter(groups: LevelGroup[], seen: Iterable<string> = []): string | undefined {
  if (groups.length === 0 || groups.length === GROUP_NAMES.length) return undefined;
  const usual = groups.flatMap((group) => LEVEL_GROUPS[group]);
  // The API compares letter for letter, and takes no more than this.
  const loud = usual.map((level) => level.toUpperCase()).filter((level) => LOUD.includes(level));
  const own = [...seen].filter((level) => groups.includes(groupOf(level) as LevelGroup));
  return [...new Set([...usual, ...loud, ...own])].reduce((list, level) => {
    const longer = list ? `${list},${level}` : level;
    return longer.length <= MAX_LENGTH ? longer : list;
  }, '');
}
