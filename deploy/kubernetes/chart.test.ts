import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClickHouse } from '../../apps/api/src/commands/clickhouse-setup.ts';
import { loadConfig } from '../../apps/api/src/config/config.ts';
import { ensureHelm, ensureKubeconform, ensureKubernetesSchemas } from '../../tools/real/kubernetes.ts';
import { type Container, invalid, lint, type Manifest, manifestsIn, type PodSpec, render } from './chart.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-chart-test-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeAll(() => Promise.all([ensureHelm(), ensureKubeconform(), ensureKubernetesSchemas()]));

const SHARDS = [['https://a.lab.example:8443', 'https://b.lab.example:8443'], ['https://c.lab.example:8443']];
const VARIANTS: [name: string, values: object][] = [
  ['as it is', {}],
  ['InfluxDB, autoscaling', { store: 'influxdb', api: { autoscaling: { enabled: true } } }],
  ['PostgreSQL, no policies', { store: 'postgres', networkPolicy: { enabled: false } }],
  ['a Gateway', { ingress: { enabled: false }, gateway: { enabled: true, name: 'public', namespace: 'gateways' } }],
  [
    'everything else',
    {
      publicUrl: 'https://robots.lab.example:8443',
      trustedProxies: ['10.0.0.0/8', '192.168.0.0/16'],
      image: { registry: 'registry.lab.example/fleet', tag: '1.2.3', pullSecrets: ['registry'] },
      settings: { METRICS_RETENTION: '90d', ROBOT_LINES_PER_SECOND: 20000, SMTP_FROM: 'robots@lab.example' },
      secretSettings: { SMTP_URL: { secretName: 'mail', key: 'url' } },
      clickhouse: { shards: SHARDS, quorum: 1, setup: { cluster: '' } },
      api: { nodeSelector: { 'kubernetes.io/arch': 'arm64' }, tolerations: [{ key: 'edge', operator: 'Exists' }] },
      ingress: { className: 'haproxy', annotations: { 'haproxy.org/load-balance': 'hdr(Authorization)' } },
      networkPolicy: { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
      prometheus: { port: 9464 },
    },
  ],
];

const workloads = (manifests: Manifest[]) => manifests.filter(({ spec }) => spec.template);
const podOf = (manifest: Manifest) => manifest.spec.template?.spec as PodSpec;
const named = (manifests: Manifest[], kind: string, name: string) => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`There is no ${kind} ${name}.`);
  return found;
};
/** The container's environment, as it would be where its secrets are mounted. */
function environmentOf({ env = [], volumeMounts = [] }: Container): Record<string, string> {
  return Object.fromEntries(
    env.map(({ name, value = '' }) => {
      if (!name.endsWith('_FILE')) return [name, value];
      expect(volumeMounts.some(({ mountPath }) => value.startsWith(`${mountPath}/`))).toBe(true);
      const secret = name.includes('DATABASE_URL')
        ? 'postgres://robowatch@postgres/robowatch'
        : name.includes('REDIS')
          ? 'redis://redis:6379'
          : name.includes('SMTP')
            ? 'smtp://mail.lab.example'
            : randomBytes(32).toString('hex');
      const file = join(dir, name);
      writeFileSync(file, secret);
      return [name, file];
    }),
  );
}

describe('the chart', () => {
  it('is good in the eyes of Helm', async () => {
    expect(await lint()).toBe('');
  });

  it.each(VARIANTS)('gives what Kubernetes knows: %s', async (_, values) => {
    const manifests = await render(values);
    expect(manifests.length).toBeGreaterThan(7);
    expect(await invalid(manifests)).toEqual([]);
  });

  it('would be found out if it did not', async () => {
    const manifests = await render();
    const api = named(manifests, 'Deployment', 'rw-api');
    (api.spec.template as unknown as { spec: { containers: object[] } }).spec.containers.push({ name: 'x', portz: 1 });
    const [route] = (await render(VARIANTS[3]?.[1])).filter(({ kind }) => kind === 'HTTPRoute') as [Manifest];
    route.spec.hostnamez = [];
    const found = await invalid([...manifests, route]);
    expect(found).toEqual([expect.stringContaining('portz'), expect.stringContaining('hostnamez')]);
  });

  it.each(VARIANTS)(
    'runs everything restricted, with limits, and with secrets in files only: %s',
    async (_, values) => {
      const all = workloads(await render(values));
      expect(all.length).toBeGreaterThan(2);
      for (const manifest of all) {
        const pod = podOf(manifest);
        expect(pod.automountServiceAccountToken).toBe(false);
        expect(pod.securityContext).toMatchObject({
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of pod.containers) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(container.resources?.limits?.memory).toMatch(/^\d+[MG]i$/);
          expect(container.image).not.toMatch(/:latest$|:$/);
          for (const { name, value } of container.env ?? []) {
            expect(value, name).toBeDefined();
            if (/PASSWORD|SECRET|TOKEN|DATABASE_URL|REDIS_URL/.test(name)) expect(name).toMatch(/_FILE$/);
          }
          for (const { name } of container.volumeMounts ?? [])
            expect(pod.volumes?.map((volume) => volume.name)).toContain(name);
        }
      }
    },
  );

  it.each(VARIANTS)('starts the server with settings that it understands: %s', async (_, values) => {
    const manifests = await render(values);
    const [container] = podOf(named(manifests, 'Deployment', 'rw-api')).containers as [Container];
    const config = loadConfig(environmentOf(container));
    expect(config.database.url).toBe('postgres://robowatch@postgres/robowatch');
    expect(config.redisUrl).toBe('redis://redis:6379');
    const { store = 'clickhouse' } = values as { store?: string };
    expect([config.clickhouse !== undefined, config.influx !== undefined]).toEqual([
      store === 'clickhouse',
      store === 'influxdb',
    ]);
    if ('clickhouse' in values) expect(config.clickhouse?.shards).toEqual(SHARDS);
    const jobs = manifests.filter(({ kind }) => kind === 'Job').map(({ metadata }) => metadata.name);
    expect(jobs).toEqual(store === 'clickhouse' ? ['rw-migrate', 'rw-clickhouse-setup'] : ['rw-migrate']);
    for (const manifest of manifests.filter(({ kind }) => kind === 'Job')) {
      const [{ command = [], ...job }] = podOf(manifest).containers as [Container];
      expect(readFileSync(join(import.meta.dirname, '../..', command[1] ?? ''), 'utf8')).toContain('import');
      const env = environmentOf(job);
      if (command[1]?.includes('clickhouse')) expect(readClickHouse(env).made).toEqual({});
      else expect(loadConfig(env).database.url).toBeDefined();
    }
  });

  it('leads to ports and pods that exist', async () => {
    const manifests = await render();
    const pods = workloads(manifests).map(({ spec }) => spec.template as NonNullable<typeof spec.template>);
    const has = (labels: Record<string, string>, of: Record<string, string>) =>
      Object.entries(labels).every(([key, value]) => of[key] === value);
    for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'Service')) {
      const selected = pods.filter(({ metadata }) => has(spec.selector as Record<string, string>, metadata.labels));
      expect(selected, metadata.name).toHaveLength(1);
      const open = selected[0]?.spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name));
      for (const { targetPort } of spec.ports ?? []) expect(open).toContain(targetPort);
    }
    for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'NetworkPolicy')) {
      const { matchLabels = {}, matchExpressions = [] } = spec.podSelector ?? {};
      expect(
        pods.some((pod) => has(matchLabels, pod.metadata.labels)),
        metadata.name,
      ).toBe(true);
      for (const { key, values } of matchExpressions)
        expect(values.every((value) => pods.some((pod) => pod.metadata.labels[key] === value))).toBe(true);
    }
    const budgets = manifests.filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata.name)).toEqual(['rw-api', 'rw-client']);
  });

  it('lets Prometheus ask the server, and nobody else, where it has a port', async () => {
    const manifests = await render({ prometheus: { port: 9464 } });
    const [server] = podOf(named(manifests, 'Deployment', 'rw-api')).containers as [Container];
    expect(loadConfig(environmentOf(server)).prometheus).toEqual({ host: '0.0.0.0', port: 9464 });
    const allowed = (text: object[]) => JSON.stringify(text.filter((one) => JSON.stringify(one).includes('9464')));
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
    expect(JSON.parse(allowed(policies)).map(({ metadata }: Manifest) => metadata.name)).toEqual(['rw-api']);
    expect(allowed(policies)).toContain('monitoring');
    expect(JSON.stringify(await render())).not.toContain('PROMETHEUS');
  });

  it.each([
    [{ colour: 'red' }, 'colour'],
    [{ store: 'mongodb' }, 'store'],
    [{ image: { tag: 'latest' } }, 'tag'],
    [{ publicUrl: 'robots.lab.example' }, 'publicUrl'],
    [{ gateway: { enabled: true, name: 'public' } }, 'not both'],
    [{ ingress: { enabled: false }, gateway: { enabled: true } }, 'gateway'],
    [{ clickhouse: { quorum: 4 } }, 'clickhouse.quorum is 4, but shard 1 has 3 machines'],
    [{ settings: { CLICKHOUSE_URL: 'http://localhost:8123' } }, 'CLICKHOUSE_URL is not for settings'],
    [{ secretSettings: { SECRET_KEY: { secretName: 'a', key: 'b' } } }, 'SECRET_KEY is not for settings'],
  ])('refuses %o', async (values, word) => {
    await expect(render(values)).rejects.toThrow(word);
  });
});

describe('the example of ClickHouse', () => {
  interface Templates {
    podTemplates: { name: string; spec: PodSpec }[];
    volumeClaimTemplates: { name: string; spec: object }[];
  }

  it('has pods and volumes that Kubernetes knows, and the names that the chart expects', async () => {
    const example = manifestsIn(readFileSync(join(import.meta.dirname, 'examples/clickhouse.yaml'), 'utf8'));
    expect(example.map(({ kind }) => kind)).toEqual(['ClickHouseKeeperInstallation', 'ClickHouseInstallation']);
    for (const { spec } of example) {
      const { podTemplates, volumeClaimTemplates } = spec.templates as Templates;
      const pods = podTemplates.map(({ name, spec }) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }));
      const kind = 'PersistentVolumeClaim';
      const claims = volumeClaimTemplates.map(({ name, spec }) => ({
        ...{ apiVersion: 'v1', kind, metadata: { name }, spec },
      }));
      expect(await invalid([...pods, ...claims])).toEqual([]);
      const { defaults } = spec as { defaults: { templates: Record<string, string> } };
      expect([...pods, ...claims].map(({ metadata }) => metadata.name).sort()).toEqual(
        Object.values(defaults.templates).sort(),
      );
    }
    const text = JSON.stringify(example);
    const job = named(await render(), 'Job', 'rw-clickhouse-setup');
    const env = environmentOf(podOf(job).containers[0] as Container);
    const machines = [0, 1, 2].map((replica) => `http://chi-robowatch-robots-0-${replica}:8123`);
    expect(env.CLICKHOUSE_URL).toBe(machines.join());
    expect(text).toContain(`"name":"${env.CLICKHOUSE_CLUSTER}"`);
    expect(text).toContain(`"${env.CLICKHOUSE_ADMIN}/access_management":1`);
  });
});
