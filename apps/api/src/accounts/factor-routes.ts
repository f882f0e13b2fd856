import { type App, Empty, replies, security } from '../http/schemas.ts';
import * as schemas from './auth-schemas.ts';
import { userActor } from './caller.ts';
import { withPassword } from './password-again.ts';
import {
  beginTotp,
  confirmTotp,
  type FactorDeps,
  readFactors,
  removeTotp,
  renewRecoveryCodes,
} from './second-factor.ts';

const tags = ['auth'];
const config = { whileEnrolling: true } as const;

/** The caller's own second factor. What changes it takes the password again. */
export function factorRoutes(app: App, deps: FactorDeps): void {
  app.get(
    '/auth/second-factor',
    { config, schema: { tags, security, response: replies({ 200: schemas.Factors }, 'unauthorized') } },
    async ({ caller }) => readFactors(deps.db, caller.id),
  );

  app.post(
    '/auth/second-factor/totp',
    {
      config,
      schema: {
        tags,
        security,
        body: schemas.PasswordAgain,
        response: replies(
          { 201: schemas.NewTotp },
          ...(['unauthorized', 'invalid_credentials', 'forbidden', 'already_enrolled', 'rate_limited'] as const),
        ),
      },
    },
    async (request, reply) => {
      const { caller, body } = request;
      const begin = () => beginTotp(deps, caller);
      return reply.code(201).send(await withPassword(deps, userActor(request), caller, body.current_password, begin));
    },
  );

  app.post(
    '/auth/second-factor/totp/confirm',
    {
      config,
      schema: {
        tags,
        security,
        body: schemas.TotpCode,
        response: replies({ 200: schemas.RecoveryCodes }, 'unauthorized', 'code_wrong', 'forbidden', 'rate_limited'),
      },
    },
    async (request) => ({
      recovery_codes: await confirmTotp(deps, userActor(request), request.caller, request.body.code),
    }),
  );

  app.post(
    '/auth/second-factor/totp/remove',
    {
      schema: {
        tags,
        security,
        body: schemas.TotpRemoval,
        response: replies(
          { 204: Empty },
          ...(['unauthorized', 'invalid_credentials', 'code_wrong', 'forbidden', 'rate_limited'] as const),
        ),
      },
    },
    async (request, reply) => {
      const { caller, body } = request;
      const actor = userActor(request);
      await withPassword(deps, actor, caller, body.current_password, () => removeTotp(deps, actor, caller, body));
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/auth/second-factor/recovery-codes',
    {
      schema: {
        tags,
        security,
        body: schemas.PasswordAndCode,
        response: replies(
          { 200: schemas.RecoveryCodes },
          ...(['unauthorized', 'invalid_credentials', 'code_wrong', 'forbidden', 'rate_limited'] as const),
        ),
      },
    },
    async (request) => {
      const { caller, body } = request;
      const actor = userActor(request);
      const renew = () => renewRecoveryCodes(deps, actor, caller, body.code);
      return { recovery_codes: await withPassword(deps, actor, caller, body.current_password, renew) };
    },
  );
}
