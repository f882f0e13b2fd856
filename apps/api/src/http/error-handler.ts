import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { asAppError, isOurFault, problemOf } from './problem.ts';

/** What the router refuses before there is a route: an address it cannot read, or longer than any of ours. */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const known =
    error.statusCode === 400
      ? new AppError('validation_failed', 'The address is not valid: a % must be followed by two hexadecimal digits.')
      : new AppError('not_found', 'There is nothing at this address.');
  sendProblem(request, reply, known);
}

export function registerErrorHandling(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    if (isUnfitValue(error)) {
      request.log.warn({ err: error }, 'a value that the database does not take');
      const detail = 'A value of the request is none that can be stored or looked for.';
      return sendProblem(request, reply, new AppError('validation_failed', detail));
    }
    const known = asAppError(error);
    if (isOurFault(known)) request.log.error({ err: error }, 'request failed');
    return sendProblem(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new AppError('not_found', 'There is nothing at this address.')),
  );
}

/** PostgreSQL's class 22, data exception: what the schemas let through and no column can hold. */
const isUnfitValue = (error: unknown) => /^22\w{3}$/.test((error as { code?: string }).code ?? '');

function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): FastifyReply {
  const { headers, document } = problemOf(error, request.id);
  // What was refused before it was read to its end will not be read: the connection cannot be used again.
  if (!request.raw.complete) reply.header('connection', 'close');
  return reply.code(error.status).headers(headers).serializer(JSON.stringify).send(document);
}
