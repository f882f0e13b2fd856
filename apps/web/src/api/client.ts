import { until } from '@vueuse/core';
import createClient from 'openapi-fetch';
import { useSession } from '../auth/session';
import { takeEarlyReply } from './early-replies';
import { readProblem, sessionEnded, unreachable } from './problem';
import { answers, reach } from './reachability';
import type { paths } from './schema';

/** Typed by the API's description. Every call returns data or throws an `ApiProblem`. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: callWithToken });

/** For a reply to have arrived in full. A connection that died unnoticed would wait for many minutes. */
const PATIENCE_MS = 60_000;
/** Routes that need no session, and say nothing about it. */
const PUBLIC = /^\/api\/(server$|auth\/(login|passkey(\/|$)|setup|invitation))/;

const isPublic = (url: string) => PUBLIC.test(new URL(url).pathname);

/** Does not send what would certainly fail. @throws ApiProblem */
async function mayBeSent({ method, url }: Request): Promise<void> {
  const session = useSession();
  // Once the server responds again, everything is refetched.
  if (method === 'GET' && !answers.value) throw unreachable();
  if (isPublic(url)) return;
  if (session.state === 'leaving') await until(() => session.state).not.toBe('leaving');
  if (session.state === 'signed-out' || session.state === 'ended') throw sessionEnded();
}

/** If the access token has expired, renews it and retries the call once. */
async function callWithToken(request: Request): Promise<Response> {
  await mayBeSent(request);
  const session = useSession();
  const first = await session.token();
  const response = (await takeEarlyReply(request)) ?? (await send(request.clone(), first));
  if (response.ok) {
    if (first && !isPublic(request.url)) session.prove();
    return response;
  }
  let problem = await readProblem(response);
  if (problem.code === 'unauthorized' && first && (await session.renew(first))) {
    const second = await send(request, await session.token());
    if (second.ok) return second;
    problem = await readProblem(second);
  }
  if (problem.code === 'enrolment_required') session.requireEnrolment();
  if (problem.code === 'unauthorized' || problem.code === 'session_ended') session.end();
  throw problem;
}

function send(request: Request, token: string | null): Promise<Response> {
  if (token) request.headers.set('authorization', `Bearer ${token}`);
  if (request.method !== 'GET') return reach(request);
  return reach(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE_MS)]) });
}

/** The data of a successful reply; failures have already been thrown. */
export async function dataOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
