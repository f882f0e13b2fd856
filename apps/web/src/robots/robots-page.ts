const LIMIT = 1000;

/** A page of robots. The client finds the reply to the early request by its exact URL, so both use this. */
export const robotsPage = (cursor?: string) => ({
  path: '/api/robots' as const,
  search: `limit=${LIMIT}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
});
