/** One process; Node's cluster, which hands out connections in turn or shares a socket; sockets of each process's own. */
export const WAYS = ['one process', 'cluster, in turn', 'cluster, shared socket', 'own sockets'] as const;
export type Way = (typeof WAYS)[number];
