import { clocksContract } from './contract/clocks.ts';
import { fleetContract } from './contract/fleet.ts';
import { logsContract } from './contract/logs.ts';
import { purgeContract } from './contract/purge.ts';
import type { TestApi } from './contract/reporting.ts';
import { reportsContract } from './contract/reports.ts';
import { seriesContract } from './contract/series.ts';
import { windowsContract } from './contract/windows.ts';

export const CONTRACT_SETTINGS = { INGEST_MAX_UNPACKED_BYTES: '2000000', ROBOT_LINES_PER_SECOND: '100' };

/** Tests that every metrics store must pass. @param stored reads a robot's data directly from the store */
export function metricsContract(api: TestApi, stored: (robotId: number) => Promise<unknown[]>): void {
  reportsContract(api);
  clocksContract(api);
  seriesContract(api);
  fleetContract(api);
  logsContract(api);
  windowsContract(api);
  purgeContract(api, stored);
}
