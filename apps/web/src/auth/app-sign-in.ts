import { useSession } from './session';

/** Remembers in this tab which sign-in it has already gone on with. */
const KEY = 'robowatch.app-sign-in';

/** The path at which an application's sign-in goes on. Undefined for anything else, such as another site. */
export function interactionOf(next: unknown): string | undefined {
  return typeof next === 'string' && /^\/oidc\/interaction\/[\w-]{10,100}$/.test(next) ? next : undefined;
}

/**
 * Goes on with an application's sign-in, outside of this app. The renewal gives the browser the cookie that the server
 * looks for there, if it has lost it. @returns false if this tab was sent back from the same sign-in before
 */
export async function continueInApp(interaction: string): Promise<boolean> {
  const session = useSession();
  if (sessionStorage.getItem(KEY) === interaction) return false;
  if (!(await session.renew(await session.token()))) return false;
  sessionStorage.setItem(KEY, interaction);
  location.replace(interaction);
  return true;
}
