import type { Span } from './time-range';

/** The dashboard of one robot, over the same time. */
export function grafanaRobotUrl(grafanaUrl: string, robotId: number, { from, to }: Span): string {
  const query = new URLSearchParams({
    'var-robot_id': String(robotId),
    from: String(Math.round(from)),
    to: String(Math.round(to)),
  });
  return `${grafanaUrl.replace(/\/+$/, '')}/d/robowatch-robot?${query}`;
}
