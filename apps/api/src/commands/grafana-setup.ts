import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, readSecret } from '../config/env.ts';
import { type GrafanaCall, grafanaCall } from './grafana-call.ts';

/** The users' organisation. Administrators have the main one, whose data sources are provisioned from files. */
const ORGANISATION = 'Fleet';
const FOLDER = { uid: 'robowatch', title: 'Robowatch' };
const HOME = 'robowatch-fleet';

export interface GrafanaSetup {
  url: string;
  password: string;
  /** Where Grafana reaches the API, whose Flux gateway the users' data source asks. */
  apiUrl: string;
  gatewaySecret: string;
  /** A folder of dashboards as JSON files. */
  dashboards: string;
  /** What GF_AUTH_GENERIC_OAUTH_ORG_MAPPING calls the users' organisation. */
  expectedId: number;
}

/**
 * Makes the users' organisation in Grafana with its only data source, the Flux gateway, and its dashboards. Run again, it
 * changes what differs. Grafana's HTTP API, 12.4: https://grafana.com/docs/grafana/v12.4/developers/http_api/
 * @throws ConfigError
 */
export async function setUpGrafana(setup: GrafanaSetup): Promise<void> {
  const admin = grafanaCall({ url: setup.url, user: 'admin', password: setup.password });
  const id = await organisation(admin);
  if (id !== setup.expectedId)
    throw new ConfigError(
      `Grafana's organisation ${ORGANISATION} has the number ${id}, but people are mapped to ${setup.expectedId}. Put GRAFANA_FLEET_ORG=${id} into .env, then: docker compose up -d`,
    );
  const call = grafanaCall({ url: setup.url, user: 'admin', password: setup.password, organisation: id });
  await createOrUpdate(call, '/api/datasources', dataSource(setup));
  const folder = { ...FOLDER, overwrite: true };
  await createOrUpdate(call, '/api/folders', folder);
  for (const file of readdirSync(setup.dashboards)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const dashboard = JSON.parse(readFileSync(join(setup.dashboards, file), 'utf8'));
    await call('POST', '/api/dashboards/db', {
      dashboard: { ...dashboard, id: null },
      folderUid: FOLDER.uid,
      overwrite: true,
    });
  }
  await call('PATCH', '/api/org/preferences', { homeDashboardUID: HOME });
}

/** @returns its number */
async function organisation(call: GrafanaCall): Promise<number> {
  const known = await call<{ id: number }>('GET', `/api/orgs/name/${ORGANISATION}`);
  if (known) return known.id;
  const made = await call<{ orgId: number }>('POST', '/api/orgs', { name: ORGANISATION });
  return (made as { orgId: number }).orgId;
}

/** Both kinds are read and updated by their uid. */
async function createOrUpdate(call: GrafanaCall, path: string, wanted: { uid: string } & object): Promise<void> {
  const one = path === '/api/datasources' ? `${path}/uid/${wanted.uid}` : `${path}/${wanted.uid}`;
  if (await call('GET', one)) await call('PUT', one, wanted);
  else await call('POST', path, wanted);
}

/**
 * Without a token of its own, so that Grafana forwards the access token of whoever is looking; the secret in the header
 * says that Grafana does.
 */
function dataSource({ apiUrl, gatewaySecret }: GrafanaSetup) {
  return {
    name: 'Robowatch',
    uid: 'robowatch-influxdb',
    type: 'influxdb',
    access: 'proxy',
    url: `${apiUrl}/grafana`,
    isDefault: true,
    jsonData: {
      version: 'Flux',
      organization: 'robowatch',
      defaultBucket: 'robots',
      oauthPassThru: true,
      httpHeaderName1: 'X-Robowatch-Gateway',
    },
    secureJsonData: { httpHeaderValue1: gatewaySecret },
  };
}

function required(name: string, value: string | undefined): string {
  if (!value) throw new ConfigError(`Set ${name}.`);
  return value;
}

if (import.meta.main) {
  try {
    await setUpGrafana({
      url: required('GRAFANA_API_URL', process.env.GRAFANA_API_URL),
      password: required('GRAFANA_ADMIN_PASSWORD', readSecret(process.env, 'GRAFANA_ADMIN_PASSWORD')),
      apiUrl: required('API_URL', process.env.API_URL),
      gatewaySecret: required('GRAFANA_GATEWAY_SECRET', readSecret(process.env, 'GRAFANA_GATEWAY_SECRET')),
      dashboards: required('DASHBOARDS', process.env.DASHBOARDS),
      expectedId: Number(required('GRAFANA_FLEET_ORG', process.env.GRAFANA_FLEET_ORG)),
    });
    process.stdout.write('Grafana is ready.\n');
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}
