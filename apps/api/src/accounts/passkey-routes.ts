import { Type } from 'typebox';
import type { Config } from '../config/config.ts';
import { type App, Empty, replies, security } from '../http/schemas.ts';
import { PasswordAgain } from './auth-schemas.ts';
import { userActor } from './caller.ts';
import * as schemas from './passkey-schemas.ts';
import { addPasskey, beginPasskey, type RegistrationResponseJSON, removePasskey } from './passkeys.ts';
import { withPassword } from './password-again.ts';
import type { FactorDeps } from './second-factor.ts';

const tags = ['auth'];
const config = { whileEnrolling: true } as const;

/** The caller's own passkeys. What changes them takes the password again. */
export function passkeyRoutes(app: App, deps: FactorDeps & { config: Config }): void {
  app.post(
    '/auth/passkeys/options',
    {
      config,
      schema: {
        tags,
        security,
        body: PasswordAgain,
        response: replies({ 200: schemas.Options }, 'unauthorized', 'invalid_credentials', 'forbidden', 'rate_limited'),
      },
    },
    async (request) => {
      const { caller, body } = request;
      const begin = () => beginPasskey(deps, caller);
      return { options: await withPassword(deps, userActor(request), caller, body.current_password, begin) };
    },
  );

  app.post(
    '/auth/passkeys',
    {
      config,
      schema: {
        tags,
        security,
        body: schemas.NewPasskey,
        response: replies({ 201: Type.Object({ id: Type.String() }) }, 'unauthorized', 'passkey_refused', 'forbidden'),
      },
    },
    async (request, reply) => {
      const { name, credential } = request.body;
      const given = { name, credential: credential as RegistrationResponseJSON };
      return reply.code(201).send(await addPasskey(deps, userActor(request), request.caller, given));
    },
  );

  app.post(
    '/auth/passkeys/:id/remove',
    {
      schema: {
        tags,
        security,
        params: schemas.PasskeyId,
        body: PasswordAgain,
        response: replies(
          { 204: Empty },
          ...(['unauthorized', 'invalid_credentials', 'forbidden', 'not_found', 'rate_limited'] as const),
        ),
      },
    },
    async (request, reply) => {
      const { caller, body, params } = request;
      const actor = userActor(request);
      const remove = () => removePasskey(deps, actor, caller, params.id);
      await withPassword(deps, actor, caller, body.current_password, remove);
      return reply.code(204).send(null);
    },
  );
}
