import { writeFileSync } from 'node:fs';
import { serverDashboard } from './server-dashboard.ts';

const FOLDER = new URL('./dashboards/', import.meta.url);

/** The files Grafana's provisioning reads, by name. */
export const dashboardFiles = () => ({
  'robowatch-server.json': `${JSON.stringify(serverDashboard, null, 2)}\n`,
});

export const fileOf = (name: string) => new URL(name, FOLDER);

if (import.meta.main) for (const [name, text] of Object.entries(dashboardFiles())) writeFileSync(fileOf(name), text);
