import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import { AppError } from '../errors.ts';
import type { BrowserSession } from './browser.ts';

/** A sign-in that an app asks to be fresh: there is no way to tell that the password was entered just now. */
const FRESH = ['login_prompt', 'max_age'];

/**
 * Ends the detour that an app's sign-in takes when the provider does not know yet who is there.
 * @param signInPage for an interaction, where nobody is signed in
 * @returns where the browser goes on
 * @throws AppError link_invalid when the sign-in has expired or is another browser's
 */
export async function finishSignIn(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  session: BrowserSession | undefined,
  signInPage: (uid: string) => string,
): Promise<string> {
  try {
    const { uid, prompt } = await provider.interactionDetails(request, response);
    if (!session) return signInPage(uid);
    if (prompt.reasons.some((reason) => FRESH.includes(reason)))
      return await provider.interactionResult(request, response, {
        error: 'login_required',
        error_description: 'this server does not ask for the password again',
      });
    const ts = Math.floor(session.createdAt.getTime() / 1000);
    const login = { accountId: String(session.userId), ts };
    return await provider.interactionResult(request, response, {
      login,
      ...(prompt.name === 'consent' && { consent: {} }),
    });
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error;
    throw new AppError('link_invalid', 'This sign-in has expired. Go back to the application and start again.');
  }
}
