import type { Span } from './time-range';

/** One robot's dashboard over the same time range. */
export function grafanaRobotUrl(grafanaUrl: string, robotId: number, { from, to }: Span): string {
  const query = new URLSearchParams({
    'var-robot_id': String(robotId),
    from: String(Math.round(from)),
    to: String(Math.round(to)),
  });
  return `${grafanaUrl.replace(/\/+$/, '')}/d/robowatch-robot?${query}`;
}
