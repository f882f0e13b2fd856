import type { Robot } from '../api/types';

/** Updates the list with `news` of the robots `asked` for. Those missing from it are removed, new ones come last. */
export function withNews(robots: Robot[], asked: number[], news: Robot[]): Robot[] {
  const fresh = new Map(news.map((robot) => [robot.id, robot]));
  const gone = new Set(asked.filter((id) => !fresh.has(id)));
  const known = new Set(robots.map(({ id }) => id));
  return [
    ...robots.filter(({ id }) => !gone.has(id)).map((robot) => fresh.get(robot.id) ?? robot),
    ...news.filter(({ id }) => !known.has(id)),
  ];
}

/** At most `limit` of the `changed` robots: those in view first, then those waiting longest. */
export function newsInTurn(changed: Set<number>, inView: number[], limit: number): number[] {
  const first = inView.filter((id) => changed.has(id));
  return [...new Set([...first, ...changed])].slice(0, limit);
}
