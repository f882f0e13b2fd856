import { randomBytes } from 'node:crypto';
import { ConfigError } from '../../config/env.ts';

export interface InfluxSetup {
  url: string;
  /** The operator token or an all-access token of the organisation; used only here. */
  adminToken: string;
  org: string;
  bucket: string;
  retentionSeconds: number;
}

interface Authorization {
  id: string;
  token: string;
  description: string;
  status: string;
  permissions: { action: string; resource: { type: string; id?: string } }[];
}

const DAY_S = 86_400;

type Call = <Reply>(method: string, path: string, body?: object) => Promise<Reply>;

/**
 * Creates what is missing: a new InfluxDB's first user, the organisation, the bucket with its retention, a token that
 * can only write that bucket and one that can only read it. Idempotent: repeating it returns the same tokens.
 * @throws ConfigError
 */
export async function setUpInflux(setup: InfluxSetup): Promise<{ writeToken: string; readToken: string }> {
  const call = caller(setup);
  const { allowed } = await call<{ allowed: boolean }>('GET', '/api/v2/setup');
  if (allowed) await onboard(call, setup);
  const orgId = await ensureOrg(call, setup.org);
  const bucketId = await ensureBucket(call, orgId, setup);
  const [writeToken, readToken] = [
    await ensureToken(call, orgId, bucketId, 'write'),
    await ensureToken(call, orgId, bucketId, 'read'),
  ];
  return { writeToken, readToken };
}

/** The first user gets a random password that nobody knows; the admin token is enough for everything. */
async function onboard(call: Call, { adminToken, org, bucket, retentionSeconds }: InfluxSetup): Promise<void> {
  const password = randomBytes(24).toString('base64url');
  const user = { username: 'robowatch', password, token: adminToken };
  await call('POST', '/api/v2/setup', { ...user, org, bucket, retentionPeriodSeconds: retentionSeconds });
}

async function ensureOrg(call: Call, name: string): Promise<string> {
  const { orgs } = await call<{ orgs: { id: string; name: string }[] }>('GET', '/api/v2/orgs?limit=100');
  const known = orgs.find((org) => org.name === name);
  return (known ?? (await call<{ id: string }>('POST', '/api/v2/orgs', { name }))).id;
}

async function ensureBucket(call: Call, orgID: string, { bucket, retentionSeconds }: InfluxSetup): Promise<string> {
  const shardGroupDurationSeconds = shardSeconds(retentionSeconds);
  const retentionRules = [{ type: 'expire', everySeconds: retentionSeconds, shardGroupDurationSeconds }];
  const query = new URLSearchParams({ orgID, name: bucket });
  const { buckets } = await call<{ buckets: { id: string; retentionRules: { everySeconds: number }[] }[] }>(
    'GET',
    `/api/v2/buckets?${query}`,
  );
  const [known] = buckets;
  if (!known)
    return (await call<{ id: string }>('POST', '/api/v2/buckets', { orgID, name: bucket, retentionRules })).id;
  if (known.retentionRules[0]?.everySeconds !== retentionSeconds)
    await call('PATCH', `/api/v2/buckets/${known.id}`, { retentionRules });
  return known.id;
}

/** InfluxDB's own default for a new bucket; it does not apply it when the retention changes. */
function shardSeconds(retentionSeconds: number): number {
  if (retentionSeconds < 2 * DAY_S) return 3600;
  return retentionSeconds <= 180 * DAY_S ? DAY_S : 7 * DAY_S;
}

async function ensureToken(call: Call, orgID: string, bucketId: string, action: 'read' | 'write'): Promise<string> {
  const description = `Robowatch: ${action} the bucket and nothing else`;
  const { authorizations } = await call<{ authorizations: Authorization[] }>(
    'GET',
    `/api/v2/authorizations?${new URLSearchParams({ orgID })}`,
  );
  const own = authorizations.filter((authorization) => authorization.description === description);
  const good = own.find(
    ({ status, token, permissions: [only, ...more] }) =>
      status === 'active' && token && only?.action === action && only.resource.id === bucketId && more.length === 0,
  );
  if (good) return good.token;
  for (const { id } of own) await call('DELETE', `/api/v2/authorizations/${id}`);
  const permissions = [{ action, resource: { type: 'buckets', id: bucketId, orgID } }];
  return (await call<Authorization>('POST', '/api/v2/authorizations', { orgID, description, permissions })).token;
}

function caller({ url, adminToken }: InfluxSetup): Call {
  return async <Reply>(method: string, path: string, body?: object) => {
    const reply = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Token ${adminToken}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    }).catch((error: Error) => {
      const { code, message } = (error.cause ?? error) as { code?: string; message: string };
      throw new ConfigError(`InfluxDB at ${url} cannot be reached (${code ?? message}). Check INFLUX_URL.`);
    });
    const text = await reply.text();
    if (reply.status === 401 || reply.status === 403)
      throw new ConfigError(
        'InfluxDB refuses INFLUX_ADMIN_TOKEN: it must be the operator token, or an all-access one.',
      );
    if (!reply.ok) throw new ConfigError(`InfluxDB refused ${method} ${path.split('?')[0]}: ${text.slice(0, 300)}`);
    return (text === '' ? undefined : JSON.parse(text)) as Reply;
  };
}
