import type { Robot } from '../api/types';

/** The list, with what is now known of the robots `asked` for: those not among `news` are gone, new ones come last. */
export function withNews(robots: Robot[], asked: number[], news: Robot[]): Robot[] {
  const fresh = new Map(news.map((robot) => [robot.id, robot]));
  const gone = new Set(asked.filter((id) => !fresh.has(id)));
  const known = new Set(robots.map(({ id }) => id));
  return [
    ...robots.filter(({ id }) => !gone.has(id)).map((robot) => fresh.get(robot.id) ?? robot),
    ...news.filter(({ id }) => !known.has(id)),
  ];
}
