import { type Actor, audit } from '../audit/index.ts';
import type { IdentityProvider } from '../config/identity-provider.ts';
import type { Db } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { dropLinksOf } from './one-time-link-store.ts';
import { findIdentity, linkIdentity, noteIdentityUse } from './outside-identity-store.ts';
import type { OutsideIdentity } from './outside-provider.ts';
import {
  countActiveAdmins,
  findCredentials,
  findUser,
  insertUser,
  lockAdmins,
  lockUser,
  NO_PASSWORD,
  normaliseEmail,
  updateUser,
} from './user-store.ts';

/** Why somebody whom the identity provider knows is not let in. Closed list: the web app has a text for each. */
export const OUTSIDE_PROBLEMS = ['expired', 'refused', 'failed', 'busy'] as const;
export type AccountProblem = 'link_needed' | 'not_invited' | 'inactive' | 'linked_elsewhere';
export type OutsideProblem = (typeof OUTSIDE_PROBLEMS)[number] | AccountProblem;

export class OutsideRefusal extends Error {
  readonly problem: OutsideProblem;
  constructor(problem: OutsideProblem) {
    super(problem);
    this.problem = problem;
  }
}

const EMAIL = /^[^\s@]+@[^\s@]+$/;
const targetOf = ({ id, email }: { id: number; email: string }) => ({ kind: 'user' as const, id, name: email });

/**
 * The account that an identity signs in to, in a transaction. Known by issuer and subject; by e-mail only when the provider
 * has verified it, and only an account that nobody has ever signed in to with a password.
 * @throws OutsideRefusal
 */
export async function accountFor(tx: Db, settings: IdentityProvider, actor: Actor, identity: OutsideIdentity) {
  await lockAdmins(tx);
  const known = await findIdentity(tx, identity.issuer, identity.subject);
  const id = known?.user_id ?? (await newcomer(tx, settings, actor, identity));
  const user = await findUser(tx, id);
  if (!user?.is_active) throw new OutsideRefusal('inactive');
  await noteIdentityUse(tx, identity.issuer, identity.subject, identity.email);
  if (settings.roles) await syncRole(tx, actor, user, identity.isAdmin ? 'admin' : 'user');
  return user;
}

async function newcomer(tx: Db, settings: IdentityProvider, actor: Actor, identity: OutsideIdentity): Promise<number> {
  const email = identity.email && EMAIL.test(identity.email) ? normaliseEmail(identity.email) : undefined;
  const found = email ? await findCredentials(tx, email) : undefined;
  if (found) await lockUser(tx, found.id);
  const existing = email && found ? await findCredentials(tx, email) : undefined;
  if (!email || (!existing && !identity.isVerified)) throw new OutsideRefusal('not_invited');
  if (existing) {
    const isOurs = identity.isVerified && existing.hashed_password === NO_PASSWORD;
    if (!isOurs || !(await linkIdentity(tx, existing.id, identity))) throw new OutsideRefusal('link_needed');
    await dropLinksOf(tx, existing.id);
    const by = { ...actor, id: existing.id, name: email };
    await audit(tx, by, { action: 'user.identity_linked', target: targetOf(existing), details: { email } });
    return existing.id;
  }
  const domain = email.slice(email.lastIndexOf('@') + 1);
  const { signUp, emailDomains } = settings;
  if (signUp !== 'anyone' || (emailDomains.length > 0 && !emailDomains.includes(domain)))
    throw new OutsideRefusal('not_invited');
  const role = identity.isAdmin ? 'admin' : 'user';
  const user = await insertUser(tx, { email, name: identity.name ?? email, role, hashed_password: NO_PASSWORD });
  await linkIdentity(tx, user.id, identity);
  const details = { role, by: 'identity provider' };
  await audit(tx, { ...actor, id: user.id, name: email }, { action: 'user.created', target: targetOf(user), details });
  return user.id;
}

async function syncRole(
  tx: Db,
  actor: Actor,
  user: { id: number; email: string; role: 'user' | 'admin' },
  role: 'user' | 'admin',
): Promise<void> {
  if (user.role === role) return;
  const by = { ...actor, id: user.id, name: user.email };
  if (role === 'user' && (await countActiveAdmins(tx, user.id)) === 0)
    return audit(tx, by, { action: 'user.last_admin_kept', details: { by: 'identity provider' } });
  await updateUser(tx, user.id, { role });
  const details = { role, by: 'identity provider' };
  await audit(tx, by, { action: 'user.changed', target: targetOf(user), details });
  await publish(tx, { type: 'access_changed', user_id: user.id });
}
