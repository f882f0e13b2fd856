import { parseArgs } from 'node:util';
import { inviteAgain } from '../accounts/administer-users.ts';
import { resetFactors } from '../accounts/second-factor.ts';
import { findCredentials, findFirstAdmin } from '../accounts/user-store.ts';
import { SYSTEM } from '../audit/audit-store.ts';
import { ConfigError } from '../config/env.ts';
import { runCommand } from './command.ts';

/**
 * `npm run admin:link [-- e-mail] [--without-second-factor]`: prints a one-time link for an administrator to set a new
 * password. With the option, a lost second factor is no longer asked for, and the administrator's sessions end.
 */
await runCommand(async (db, config) => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'without-second-factor': { type: 'boolean' } },
  });
  const [email] = positionals;
  const admin = email ? await findCredentials(db, email) : await findFirstAdmin(db);
  if (!admin && !email)
    throw new ConfigError(
      'There is no active administrator. If there are no users at all, start the server: it prints a setup link.',
    );
  if (admin?.role !== 'admin' || !admin.is_active)
    throw new ConfigError(`${email} is not the e-mail address of an active administrator.`);
  if (values['without-second-factor']) await resetFactors(db, SYSTEM, admin.id);
  const { invitation_url } = await inviteAgain(db, config, SYSTEM, admin.id);
  return `${admin.email} can set a new password with this link, which works once:\n${invitation_url}`;
});
