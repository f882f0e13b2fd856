import { Type } from 'typebox';
import { ping } from '../db/client.ts';
import type { Database } from '../db/schema.ts';
import { type App, replies } from '../http/schemas.ts';
import type { MetricsStore } from '../stores/index.ts';

const PROBE_TIMEOUT_MS = 2000;
const State = Type.Union([Type.Literal('ok'), Type.Literal('unreachable')]);
const Readiness = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not_ready')]),
  database: State,
  metrics_store: State,
});

export function healthRoutes(app: App, { db, store }: { db: Database; store: MetricsStore }): void {
  app.get(
    '/health',
    { schema: { tags: ['health'], response: { 200: Type.Object({ status: Type.Literal('ok') }) } } },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/ready',
    { schema: { tags: ['health'], response: replies({ 200: Readiness, 503: Readiness }) } },
    async (_request, reply) => {
      const [database, metrics_store] = await Promise.all([probe(() => ping(db)), probe(() => store.ready())]);
      const ready = database === 'ok' && metrics_store === 'ok';
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', database, metrics_store });
    },
  );
}

async function probe(reach: () => Promise<unknown>): Promise<'ok' | 'unreachable'> {
  const timeout = new Promise((_, reject) => setTimeout(reject, PROBE_TIMEOUT_MS).unref());
  return Promise.race([reach(), timeout]).then(
    () => 'ok' as const,
    () => 'unreachable' as const,
  );
}
