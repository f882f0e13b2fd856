import type { IncomingMessage } from 'node:http';
import type { Actor } from '../audit/index.ts';

/** A valid session of the web app, as the browser's cookie names it. */
export interface BrowserSession {
  id: string;
  userId: number;
  email: string;
  createdAt: Date;
}

interface Browser {
  session: BrowserSession | undefined;
  actor: Actor;
}

const browsers = new WeakMap<IncomingMessage, Browser>();

/** Tells what the library calls, which sees only the raw request, who is asking. */
export function rememberBrowser(request: IncomingMessage, browser: Browser): void {
  browsers.set(request, browser);
}

export const sessionOf = (request: IncomingMessage | undefined) => request && browsers.get(request)?.session;
export const actorOf = (request: IncomingMessage): Actor =>
  browsers.get(request)?.actor ?? { kind: 'user', id: null, name: null, address: null, requestId: null };
