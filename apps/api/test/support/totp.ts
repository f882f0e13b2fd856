import { TOTP } from 'otpauth';
import { PASSWORD, type useTestApi } from './test-api.ts';

interface Caller {
  call(
    method: 'POST',
    path: string,
    options: { token: string; body: object },
  ): Promise<{ status: number; body: Record<string, unknown> }>;
}
type Api = Pick<ReturnType<typeof useTestApi>, 'deps'>;

/** What an authenticator app shows. @param steps how many time steps ahead its clock is */
export const codeOf = (secret: string, steps = 0) =>
  new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 });

/** Sets up an authenticator app for somebody who is signed in. @returns its secret and the recovery codes */
export async function enrol(api: Caller, { token }: { token: string }) {
  const begun = await api.call('POST', '/auth/second-factor/totp', { token, body: { current_password: PASSWORD } });
  const { secret, uri } = begun.body as unknown as { secret: string; uri: string };
  const body = { code: codeOf(secret) };
  const confirmed = await api.call('POST', '/auth/second-factor/totp/confirm', { token, body });
  if (confirmed.status !== 200) throw new Error(JSON.stringify(confirmed.body));
  return { secret, uri, recoveryCodes: confirmed.body.recovery_codes as string[] };
}

/** As if no code had been used yet, so that a test needs not wait for the next one. */
export async function forgetUsedCodes(api: Api, { id }: { id: number }): Promise<void> {
  await api.deps().db.updateTable('totp_factors').set({ last_step: '0' }).where('user_id', '=', id).execute();
}
