const replies = new Map<string, Promise<Response | undefined>>();

/** Asks for what the first page will need while its code is still on its way. @param path of this server */
export function requestEarly(path: string, token: string): void {
  const reply = fetch(path, { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
  replies.set(new URL(path, location.origin).href, reply);
}

/** The reply to a request that was asked early, once; undefined when it was not, or not answered well. */
export async function takeEarlyReply({ method, url }: Request): Promise<Response | undefined> {
  if (method !== 'GET') return undefined;
  const reply = replies.get(url);
  replies.delete(url);
  const response = await reply;
  return response?.ok ? response : undefined;
}
