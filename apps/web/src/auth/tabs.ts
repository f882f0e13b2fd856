import type { User } from '../api/types';

/** A signed-in session as this browser holds it: in memory only. */
export interface Grant {
  token: string;
  /** ms since 1970 */
  expiresAt: number;
  user: User;
}

type Message = { type: 'ask' } | { type: 'grant'; grant: Grant } | { type: 'signed-out' };
const ANSWER_MS = 80;

/** The tabs of one browser share an access token, so that they do not each use up the refresh token. */
export function openTabs(handlers: { current(): Grant | null; onGrant(grant: Grant): void; onSignedOut(): void }) {
  const channel = new BroadcastChannel('robowatch.session');
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
    /** Resolves once a tab that is signed in has answered, or none has in time. */
    async ask(): Promise<void> {
      post({ type: 'ask' });
      const end = Date.now() + ANSWER_MS;
      while (!handlers.current() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}
