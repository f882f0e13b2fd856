import { limits } from '../api/figures.json';
import type { Robot } from '../api/types';
import { deviceTexts } from './device';
import { hasLabels, labelTexts } from './labels';

/** Figures with limits, above which they are shown as a warning or as critical. */
export const LIMITS = limits;
export type LimitedFigure = keyof typeof LIMITS;
export type Severity = 'normal' | 'warning' | 'critical';

export function severityOf(figure: LimitedFigure, value: number | null): Severity {
  if (value === null || value < LIMITS[figure].warning) return 'normal';
  return value < LIMITS[figure].critical ? 'warning' : 'critical';
}

export type RobotState = 'online' | 'offline' | 'inactive' | 'error' | 'pending';

/** A robot's state in one word: inactive or pending if its status says so, otherwise whether it reports. */
export function stateOf({ status, online }: Pick<Robot, 'status' | 'online'>): RobotState {
  if (status === 'pending' || status === 'inactive') return status;
  if (!online) return 'offline';
  return status === 'error' ? 'error' : 'online';
}

/** Robots with an alert that is firing. */
type Firing = Pick<ReadonlyMap<number, unknown>, 'has'>;
const NONE: Firing = new Map();

/** The summary's conditions. A robot can meet several, but only an online one can be hot or have a full disk. */
export const CONDITIONS = {
  firing: (robot: Robot, firing: Firing) => firing.has(robot.id),
  online: (robot: Robot) => stateOf(robot) === 'online' || stateOf(robot) === 'error',
  offline: (robot: Robot) => stateOf(robot) === 'offline',
  hot: (robot: Robot) => robot.online && severityOf('temperature_c', robot.latest.temperature_c) === 'critical',
  disk_full: (robot: Robot) => robot.online && severityOf('disk_percent', robot.latest.disk_percent) === 'critical',
  error: (robot: Robot) => robot.status === 'error',
  inactive: (robot: Robot) => robot.status === 'inactive',
} satisfies Record<string, (robot: Robot, firing: Firing) => boolean>;
export type Condition = keyof typeof CONDITIONS;

export function summarise(robots: Robot[], firing = NONE): Record<Condition, number> {
  const names = Object.keys(CONDITIONS) as Condition[];
  const counts = names.map((name) => [name, robots.filter((robot) => CONDITIONS[name](robot, firing)).length]);
  return Object.fromEntries(counts) as Record<Condition, number>;
}

export const SORT_KEYS = [
  'name',
  'state',
  'architecture',
  'cpu_percent',
  'memory_percent',
  'disk_percent',
  'temperature_c',
  'load1',
  'uptime_s',
  'owner',
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

const STATE_ORDER: RobotState[] = ['error', 'offline', 'online', 'inactive', 'pending'];

function sortValue(robot: Robot, key: SortKey): string | number | null {
  switch (key) {
    case 'name':
      return robot.name;
    case 'state':
      return STATE_ORDER.indexOf(stateOf(robot));
    case 'architecture':
      return robot.architecture;
    case 'owner':
      return robot.owner?.name ?? null;
    default:
      return robot.latest[key];
  }
}

const collators = new Map<string, Intl.Collator>();
function collatorOf(locale: string): Intl.Collator {
  const collator = collators.get(locale) ?? new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
  collators.set(locale, collator);
  return collator;
}

const isFigure = (key: SortKey): key is keyof Robot['latest'] =>
  !['name', 'state', 'architecture', 'owner'].includes(key);

/** Where the text was found as a whole, as by the API: in the name, the hostname, or a hidden text. Undefined: not found. */
function matchRank({ name, hostname, inventory, ...robot }: Robot, text: string, locale: string): number | undefined {
  const hidden = [
    robot.ip_address,
    robot.architecture,
    robot.agent_version,
    ...deviceTexts(inventory),
    robot.owner?.name,
    robot.owner?.email,
    ...labelTexts(robot.labels),
  ];
  const rank = [[name], [hostname], hidden].findIndex((places) =>
    places.some((place) => place?.toLocaleLowerCase(locale).includes(text)),
  );
  return rank < 0 ? undefined : rank;
}

/**
 * The robots that match (all of `labels`, such as `site:lab`), those found by name first. Whatever the direction, figures of offline robots come after those of
 * online ones, and unknown values last.
 */
export function arrange(
  robots: Robot[],
  {
    q = '',
    condition,
    firing = NONE,
    labels = [],
    sort,
    descending,
    locale,
  }: {
    q?: string;
    condition?: Condition;
    firing?: Firing;
    labels?: string[];
    sort: SortKey;
    descending: boolean;
    locale: string;
  },
): Robot[] {
  const text = q.trim().toLocaleLowerCase(locale);
  const collator = collatorOf(locale);
  const compare = (a: Robot, b: Robot): number => {
    const [x, y] = [sortValue(a, sort), sortValue(b, sort)];
    if (isFigure(sort) && a.online !== b.online) return Number(b.online) - Number(a.online);
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'string' ? collator.compare(x, String(y)) : x - Number(y);
    return descending ? -order : order;
  };
  return robots
    .filter((robot) => (!condition || CONDITIONS[condition](robot, firing)) && hasLabels(robot.labels, labels))
    .flatMap((robot) => {
      const rank = matchRank(robot, text, locale);
      return rank === undefined ? [] : [{ robot, rank }];
    })
    .sort(
      ({ robot: a, rank: x }, { robot: b, rank: y }) =>
        x - y || compare(a, b) || collator.compare(a.name, b.name) || a.id - b.id,
    )
    .map(({ robot }) => robot);
}
