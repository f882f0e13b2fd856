import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUnreachable } from '../db/client.ts';
import { AppError, type ErrorCode } from '../errors.ts';

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** A problem document (RFC 9457). `type` is about:blank: the meaning is in `code`. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): FastifyReply {
  const { retryAfter, members } = error.extras;
  if (retryAfter) reply.header('retry-after', String(retryAfter));
  // What was refused before it was read to its end will not be read: the connection cannot be used again.
  if (!request.raw.complete) reply.header('connection', 'close');
  if (error.status === 401) reply.header('www-authenticate', 'Bearer');
  const problem = {
    type: 'about:blank',
    title: TITLES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    code: error.code,
    request_id: request.id,
    ...members,
  };
  return reply.code(error.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}

export function registerErrorHandling(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const known = asAppError(error);
    if (known.status >= 500 && known.code !== 'overloaded') request.log.error({ err: error }, 'request failed');
    return sendProblem(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new AppError('not_found', 'There is nothing at this address.')),
  );
}

/** Maps what libraries throw to our closed list; whatever is left is ours to mend and shows no detail. */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const {
    statusCode = 500,
    message = '',
    validation,
  } = error as { statusCode?: number; message?: string; validation?: unknown };
  if (isUnreachable(error))
    return new AppError('database_unavailable', 'The database cannot be reached. Try again shortly.', {
      retryAfter: 5,
    });
  if (validation) return new AppError('validation_failed', `${message}.`);
  const byStatus: Record<number, ErrorCode> = {
    413: 'payload_too_large',
    415: 'unsupported_media_type',
    408: 'request_timeout',
    404: 'not_found',
  };
  const code = byStatus[statusCode] ?? (statusCode >= 400 && statusCode < 500 ? 'validation_failed' : 'internal_error');
  return new AppError(
    code,
    code === 'internal_error' ? 'Something went wrong on our side. The log has it under this request_id.' : message,
  );
}
