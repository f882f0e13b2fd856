import { Type } from 'typebox';
import { version } from '../config/version.ts';
import { type App, Empty, replies } from '../http/schemas.ts';

const Health = Type.Object({
  name: Type.String(),
  message: Type.String(),
  status: Type.Literal('pass'),
  checks: Type.Array(Type.Object({})),
  version: Type.String(),
});
const schema = { tags: ['health'], description: 'What InfluxDB 2’s clients probe before they write.' };

/** At the root, where InfluxDB 2's clients look: `GET` and `HEAD /ping`, `GET /health`. */
export function influxProbeRoutes(app: App): void {
  app.get('/ping', { schema: { ...schema, response: replies({ 204: Empty }) } }, async (_request, reply) =>
    reply.code(204).headers({ 'x-influxdb-build': 'Robowatch', 'x-influxdb-version': version }).send(null),
  );
  app.get('/health', { schema: { ...schema, response: replies({ 200: Health }) } }, async () => ({
    ...{ name: 'robowatch', message: 'ready for writes', status: 'pass' as const, checks: [], version },
  }));
}
