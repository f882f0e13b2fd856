import { randomBytes } from 'node:crypto';
import { adminCall, type Call, type InfluxAdmin } from './admin-call.ts';
import { bucketToken, forgetFormerTokens } from './tokens.ts';

export interface InfluxSetup extends InfluxAdmin {
  org: string;
  bucket: string;
  retentionSeconds: number;
  /** Make two new tokens, although there are good ones. Those stay valid until `endFormerTokens`. */
  newTokens?: boolean;
}

const DAY_S = 86_400;

/**
 * Creates what is missing: a new InfluxDB's first user, the organisation, the bucket with its retention, a token that
 * can only write that bucket and one that can only read it. Idempotent: repeating it returns the same tokens.
 * @throws ConfigError
 */
export async function setUpInflux(setup: InfluxSetup): Promise<{ writeToken: string; readToken: string }> {
  const { call, orgId, bucketId } = await prepare(setup);
  const token = (action: 'write' | 'read') => bucketToken(call, { orgId, bucketId, action, fresh: setup.newTokens });
  return { writeToken: await token('write'), readToken: await token('read') };
}

/** Ends the tokens that `newTokens` has replaced, once nobody uses them any more. @returns how many */
export async function endFormerTokens(setup: InfluxSetup): Promise<number> {
  const { call, orgId, bucketId } = await prepare(setup);
  return forgetFormerTokens(call, orgId, bucketId);
}

async function prepare(setup: InfluxSetup) {
  const call = adminCall(setup);
  const { allowed } = await call<{ allowed: boolean }>('GET', '/api/v2/setup');
  if (allowed) await onboard(call, setup);
  const orgId = await ensureOrg(call, setup.org);
  return { call, orgId, bucketId: await ensureBucket(call, orgId, setup) };
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
