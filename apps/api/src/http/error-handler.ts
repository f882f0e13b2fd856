import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { FailureLog } from './failure-log.ts';
import { asAppError, problemOf } from './problem.ts';

/** For URLs the router refuses before matching a route: malformed or too long. */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const known =
    error.statusCode === 400
      ? new AppError('validation_failed', 'The URL is malformed: every % must be followed by two hexadecimal digits.')
      : new AppError('not_found', 'No such URL. Check the path.');
  sendProblem(request, reply, known);
}

export function registerErrorHandling(app: FastifyInstance, failures: FailureLog): void {
  app.setErrorHandler((error, request, reply) => {
    if (isUnfitValue(error)) {
      request.log.warn({ err: error }, 'the database refused a value');
      const detail = 'The request contains a value that cannot be stored or searched for.';
      return sendProblem(request, reply, new AppError('validation_failed', detail));
    }
    const known = asAppError(error);
    failures.note(error, known, request.id);
    return sendProblem(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new AppError('not_found', 'No such URL. Check the path.')),
  );
}

/** PostgreSQL's class 22, data exception: a value that passed the schemas but does not fit its column. */
const isUnfitValue = (error: unknown) => /^22\w{3}$/.test((error as { code?: string }).code ?? '');

function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): FastifyReply {
  const { headers, document } = problemOf(error, request.id);
  // A refused body is not read to its end, so the connection cannot be reused.
  if (!request.raw.complete) reply.header('connection', 'close');
  return reply.code(error.status).headers(headers).serializer(JSON.stringify).send(document);
}
