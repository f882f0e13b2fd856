import { userActor } from '../accounts/index.ts';
import { AppError } from '../errors.ts';
import { type App, Empty, replies, security } from '../http/schemas.ts';
import type { DemoFleet } from './demo-fleet.ts';
import { DemoRobots } from './schemas.ts';

const tags = ['demo'];

/** For signed-in users. Without `demo`, this server does not offer demonstration robots. */
export function demoRoutes(app: App, { demo }: { demo: DemoFleet | undefined }): void {
  const offered = () => {
    if (!demo) throw new AppError('not_found', 'Demonstration robots are available only with the embedded database.');
    return demo;
  };

  app.get(
    '/demo',
    { schema: { tags, security, response: replies({ 200: DemoRobots }, 'unauthorized') } },
    async () => ({
      robots: demo?.running() ?? 0,
    }),
  );

  app.post(
    '/demo',
    {
      schema: {
        tags,
        security,
        response: replies({ 202: DemoRobots }, 'unauthorized', 'not_found', 'demo_running'),
      },
    },
    async (request, reply) => reply.code(202).send({ robots: await offered().start(request.caller.id) }),
  );

  app.delete(
    '/demo',
    { schema: { tags, security, response: replies({ 204: Empty }, 'unauthorized', 'not_found') } },
    async (request, reply) => {
      await offered().remove(userActor(request), request.caller);
      return reply.code(204).send(null);
    },
  );
}
