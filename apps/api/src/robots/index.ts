export { removeRobot } from './change-robots.ts';
export { hasToken, type KnownRobot, type ReportingRobot, recheckReporting } from './credential-store.ts';
export type { Presence } from './presence.ts';
export type { RefusedTokens } from './refused-tokens.ts';
export {
  changeReportStatus,
  deletePendingRobots,
  insertPendingRobot,
  noteFirstWrites,
  type ReportStatusChange,
  updateRobot,
} from './robot-store.ts';
export { Architecture, RobotStatus } from './schemas.ts';
export type { TokenCache } from './token-cache.ts';
export { isVisible, type Viewer, visibleIds, visibleRobotIds } from './visible-robot-store.ts';
