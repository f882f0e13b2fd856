import type { Database, Role } from '../db/schema.ts';
import { findTokenUser } from './grant-store.ts';

export interface Identity {
  userId: number;
  email: string;
  name: string;
  role: Role;
}

/**
 * Whom an access token of Grafana's stands for at this moment: the user is active, the session it was issued under goes
 * on, and it has neither expired nor been revoked. One query, by primary keys.
 */
export async function identify(db: Database, accessToken: string): Promise<Identity | undefined> {
  if (!/^[\w-]{40,100}$/.test(accessToken)) return undefined;
  const user = await findTokenUser(db, 'grafana', accessToken);
  return user && { userId: user.id, email: user.email, name: user.name, role: user.role };
}
