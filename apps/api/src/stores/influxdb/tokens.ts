import { ConfigError } from '../../config/env.ts';
import { adminCall, type Call, type InfluxAdmin } from './admin-call.ts';

interface Authorization {
  id: string;
  orgID: string;
  token: string;
  description: string;
  status: string;
  createdAt: string;
  permissions: { action: string; resource: { type: string; id?: string } }[];
}

type Action = 'read' | 'write';
const described = (action: Action) => `Robowatch: ${action} the bucket and nothing else`;
const remove = (call: Call, { id }: Authorization) => call('DELETE', `/api/v2/authorizations/${id}`);

async function authorizations(call: Call): Promise<Authorization[]> {
  return (await call<{ authorizations: Authorization[] }>('GET', '/api/v2/authorizations')).authorizations;
}

/** Our tokens for this, as far as they are good for it, the newest first; and those that are not. */
async function tokensFor(call: Call, orgID: string, bucketId: string, action: Action) {
  const ours = (await authorizations(call)).filter(
    (one) => one.orgID === orgID && one.description === described(action),
  );
  const isGood = ({ status, token, permissions: [only, ...more] }: Authorization) =>
    status === 'active' && token && only?.action === action && only.resource.id === bucketId && more.length === 0;
  const good = ours.filter(isGood).sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  return { good, bad: ours.filter((one) => !good.includes(one)) };
}

/** The newest token that may do this to the bucket and nothing else; made if there is none, or if it must be `fresh`. */
export async function bucketToken(
  call: Call,
  where: { orgId: string; bucketId: string; action: Action; fresh?: boolean },
): Promise<string> {
  const { orgId: orgID, bucketId, action, fresh } = where;
  const { good, bad } = await tokensFor(call, orgID, bucketId, action);
  if (good[0] && !fresh) return good[0].token;
  for (const one of bad) await remove(call, one);
  const permissions = [{ action, resource: { type: 'buckets', id: bucketId, orgID } }];
  const body = { orgID, description: described(action), permissions };
  return (await call<Authorization>('POST', '/api/v2/authorizations', body)).token;
}

/** Deletes all tokens of the bucket but the newest of each kind. @returns how many */
export async function forgetFormerTokens(call: Call, orgId: string, bucketId: string): Promise<number> {
  const former: Authorization[] = [];
  for (const action of ['write', 'read'] as const) {
    const { good, bad } = await tokensFor(call, orgId, bucketId, action);
    former.push(...good.slice(1), ...bad);
  }
  for (const one of former) await remove(call, one);
  return former.length;
}

/** A token that may do all that the present admin token may, which stays valid until `forgetAdminToken`. */
export async function newAdminToken(admin: InfluxAdmin): Promise<string> {
  const call = adminCall(admin);
  const present = (await authorizations(call)).find(({ token }) => token === admin.adminToken);
  if (!present) throw new ConfigError('InfluxDB does not list INFLUX_ADMIN_TOKEN.');
  const { orgID, permissions } = present;
  const body = { orgID, description: 'Robowatch: set up', permissions };
  return (await call<Authorization>('POST', '/api/v2/authorizations', body)).token;
}

/** Deletes a former admin token, if it still exists. */
export async function forgetAdminToken(admin: InfluxAdmin, former: string): Promise<void> {
  if (former === admin.adminToken) throw new ConfigError('The former admin token is the present one.');
  const call = adminCall(admin);
  const found = (await authorizations(call)).find(({ token }) => token === former);
  if (found) await remove(call, found);
}
