import { writeFileSync } from 'node:fs';
import { fleetDashboard } from './fleet-dashboard.ts';
import { logsDashboard } from './logs-dashboard.ts';
import { qualityDashboard } from './quality-dashboard.ts';
import { robotDashboard } from './robot-dashboard.ts';
import { serverDashboard } from './server-dashboard.ts';

const FOLDER = new URL('./dashboards/', import.meta.url);

const file = (dashboard: object) => `${JSON.stringify(dashboard, null, 2)}\n`;

/** The files for Grafana's provisioning, by name. */
export const dashboardFiles = () => ({
  'robowatch-fleet.json': file(fleetDashboard),
  'robowatch-logs.json': file(logsDashboard),
  'robowatch-quality.json': file(qualityDashboard),
  'robowatch-robot.json': file(robotDashboard),
  'robowatch-server.json': file(serverDashboard),
});

export const fileOf = (name: string) => new URL(name, FOLDER);

if (import.meta.main) for (const [name, text] of Object.entries(dashboardFiles())) writeFileSync(fileOf(name), text);
