const LIMIT = 1000;

/** A page of the fleet. Requested before the app loads and again by its client, which finds the early reply by the exact URL. */
export const robotsPage = (cursor?: string) => ({
  path: '/api/robots' as const,
  search: `limit=${LIMIT}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
});
