import { writeFileSync } from 'node:fs';
import { alertRules, noAlertRules } from './alert-rules.ts';
import { fleetDashboard } from './fleet-dashboard.ts';
import { logsDashboard } from './logs-dashboard.ts';
import { ownFleetDashboard } from './own-fleet-dashboard.ts';
import { qualityDashboard } from './quality-dashboard.ts';
import { robotDashboard } from './robot-dashboard.ts';
import { serverDashboard } from './server-dashboard.ts';

const FOLDER = new URL('./dashboards/', import.meta.url);
/** The stack mounts one of the two folders, by `GRAFANA_ALERT_RULES`. */
export const ALERT_RULES = {
  on: new URL('./provisioning/alerting/on/robowatch.json', import.meta.url),
  off: new URL('./provisioning/alerting/off/robowatch.json', import.meta.url),
};

const file = (dashboard: object) => `${JSON.stringify(dashboard, null, 2)}\n`;

/** The files for Grafana's provisioning, by name. */
export const dashboardFiles = () => ({
  'robowatch-fleet.json': file(fleetDashboard),
  'robowatch-logs.json': file(logsDashboard),
  'robowatch-quality.json': file(qualityDashboard),
  'robowatch-robot.json': file(robotDashboard),
  'robowatch-server.json': file(serverDashboard),
  // For the users' organisation.
  'own/robowatch-fleet.json': file(ownFleetDashboard),
});

export const fileOf = (name: string) => new URL(name, FOLDER);

export const alertRulesFiles = () => ({ on: file(alertRules), off: file(noAlertRules) });

if (import.meta.main) {
  for (const [name, text] of Object.entries(dashboardFiles())) writeFileSync(fileOf(name), text);
  writeFileSync(ALERT_RULES.on, alertRulesFiles().on);
  writeFileSync(ALERT_RULES.off, alertRulesFiles().off);
}
