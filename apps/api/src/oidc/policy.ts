import { interactionPolicy } from 'oidc-provider';
import { sessionOf } from './browser.ts';

/** When the library has to ask who is there. Nobody is asked for consent: the apps are our own. */
export function makePolicy() {
  const policy = interactionPolicy.base();
  // Only what a client asks for with prompt=consent, which is answered without a page.
  const consent = policy.get('consent');
  for (const { reason } of [...(consent?.checks ?? [])])
    if (reason !== 'consent_prompt') consent?.checks.remove(reason);
  policy.get('login')?.checks.add(
    new interactionPolicy.Check(
      'other_user',
      "the browser's session has ended or is another user's",
      'login_required',
      ({ req, oidc }) => {
        const { accountId } = oidc.session ?? {};
        return accountId !== undefined && String(sessionOf(req)?.userId) !== accountId;
      },
    ),
  );
  return policy;
}
