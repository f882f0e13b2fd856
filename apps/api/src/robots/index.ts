export { removeRobot } from './change-robots.ts';
export { shiftOf } from './clock-store.ts';
export { hasToken, type KnownRobot, type ReportingRobot, recheckReporting } from './credential-store.ts';
export type { Inventories } from './inventories.ts';
export { INVENTORY_FIELDS, type Inventory } from './inventory.ts';
export type { Presence } from './presence.ts';
export type { RefusedTokens } from './refused-tokens.ts';
export { replaceHardware, undoReplacement } from './replace-hardware.ts';
export {
  changeReportStatus,
  deletePendingRobots,
  findPendingHardware,
  insertPendingRobot,
  noteFirstWrites,
  type ReportStatusChange,
  updateRobot,
} from './robot-store.ts';
export { Architecture, RobotStatus } from './schemas.ts';
export { heardSince } from './server-watch-store.ts';
export type { TokenCache } from './token-cache.ts';
export { isVisible, type Viewer, visibleIds, visibleRobotIds } from './visible-robot-store.ts';
