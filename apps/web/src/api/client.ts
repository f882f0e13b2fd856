import { until } from '@vueuse/core';
import createClient from 'openapi-fetch';
import { useSession } from '../auth/session';
import { takeEarlyReply } from './early-replies';
import { readProblem, sessionEnded, unreachable } from './problem';
import { answers, reach } from './reachability';
import type { paths } from './schema';

/** Typed by the API's own description. Every call either gives its data or throws an `ApiProblem`. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: callWithToken });

/** What is answered to anyone. */
const PUBLIC = /^\/api\/(server$|auth\/(login|setup|invitation))/;

/** What would only be refused, or not be answered, is not sent. @throws ApiProblem */
async function mayBeSent({ method, url }: Request): Promise<void> {
  const session = useSession();
  // What reads is read again by its page, with everything else, once the server answers.
  if (method === 'GET' && !answers.value) throw unreachable();
  if (PUBLIC.test(new URL(url).pathname)) return;
  if (session.state === 'leaving') await until(() => session.state).not.toBe('leaving');
  if (session.state === 'signed-out' || session.state === 'ended') throw sessionEnded();
}

/** A session that expired meanwhile is renewed and the call made again, unseen. */
async function callWithToken(request: Request): Promise<Response> {
  await mayBeSent(request);
  const session = useSession();
  const first = await session.token();
  const response = (await takeEarlyReply(request)) ?? (await send(request.clone(), first));
  if (response.ok) return response;
  let problem = await readProblem(response);
  if (problem.code === 'unauthorized' && first && (await session.renew(first))) {
    const second = await send(request, await session.token());
    if (second.ok) return second;
    problem = await readProblem(second);
  }
  if (problem.code === 'unauthorized' || problem.code === 'session_ended') session.end();
  throw problem;
}

function send(request: Request, token: string | null): Promise<Response> {
  if (token) request.headers.set('authorization', `Bearer ${token}`);
  return reach(request);
}

/** The data of a reply that has some; failures have been thrown already. */
export async function dataOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
