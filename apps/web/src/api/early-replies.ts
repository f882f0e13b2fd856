const replies = new Map<string, Promise<Response | undefined>>();

/** Requests what the first page needs while its code is still loading. @param path on this server */
export function requestEarly(path: string, token: string): void {
  const reply = fetch(path, { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
  replies.set(new URL(path, location.origin).href, reply);
}

/** Takes the reply to an early request, once. Undefined if there was none or it failed. */
export async function takeEarlyReply({ method, url }: Request): Promise<Response | undefined> {
  if (method !== 'GET') return undefined;
  const reply = replies.get(url);
  replies.delete(url);
  const response = await reply;
  return response?.ok ? response : undefined;
}
