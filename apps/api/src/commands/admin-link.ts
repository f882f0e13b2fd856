import { parseArgs } from 'node:util';
import { inviteAgain } from '../accounts/administer-users.ts';
import { findCredentials, findFirstAdmin } from '../accounts/user-store.ts';
import { SYSTEM } from '../audit/audit-store.ts';
import { ConfigError } from '../config/env.ts';
import { runCommand } from './command.ts';

/** `npm run admin:link [-- e-mail]`: a one-time link with which an administrator chooses a new password. */
await runCommand(async (db, config) => {
  const [email] = parseArgs({ allowPositionals: true }).positionals;
  const admin = email ? await findCredentials(db, email) : await findFirstAdmin(db);
  if (!admin && !email)
    throw new ConfigError('There is no active administrator. A server without users prints a link when it starts.');
  if (admin?.role !== 'admin' || !admin.is_active)
    throw new ConfigError(`${email} is not the e-mail of an active administrator.`);
  const { invitation_url } = await inviteAgain(db, config, SYSTEM, admin.id);
  return `${admin.email} chooses a new password with this link. It works once:\n${invitation_url}`;
});
