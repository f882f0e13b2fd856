import type { User } from '../api/types';

/** A signed-in session, which the browser keeps in memory only. */
export interface Grant {
  token: string;
  /** ms since 1970 */
  expiresAt: number;
  user: User;
  /** Nothing else works before a second factor is set up. */
  mustEnrol?: boolean;
  /** From another tab, so nobody knows whether the session still exists. */
  isBorrowed?: boolean;
}

type Message = { type: 'ask' } | { type: 'grant'; grant: Grant } | { type: 'signed-out' };
const CHANNEL = 'robowatch.session';
const ANSWER_MS = 80;

/** The tabs of a browser share an access token, so that each does not have to use the refresh token. */
export function openTabs(handlers: { current(): Grant | null; onGrant(grant: Grant): void; onSignedOut(): void }) {
  const channel = new BroadcastChannel(CHANNEL);
  const post = (message: Message) => channel.postMessage(message);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.type === 'grant') handlers.onGrant(data.grant);
    if (data.type === 'signed-out') handlers.onSignedOut();
    const own = data.type === 'ask' ? handlers.current() : null;
    if (own) post({ type: 'grant', grant: own });
  };
  return {
    grant: (grant: Grant) => post({ type: 'grant', grant }),
    signedOut: () => post({ type: 'signed-out' }),
  };
}

/** The session of another tab, null if none answers in time. */
export function askOtherTabs(): Promise<Grant | null> {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise<Grant | null>((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<Message>) =>
      data.type === 'grant' && resolve({ ...data.grant, isBorrowed: true });
    channel.postMessage({ type: 'ask' } satisfies Message);
    setTimeout(() => resolve(null), ANSWER_MS);
  }).finally(() => channel.close());
}
