import { isUnreachable } from '../db/client.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import { NOT_A_PAGE } from './not-a-page.ts';
import { explainValidation } from './validation.ts';

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

/** A problem document (RFC 9457) and its headers. `type` is about:blank: the meaning is in `code`. */
export function problemOf(
  error: AppError,
  requestId: string,
): { headers: Record<string, string>; document: Record<string, unknown> } {
  const { retryAfter, reason, members } = error.extras;
  return {
    headers: {
      ...NOT_A_PAGE,
      'content-type': 'application/problem+json',
      ...(retryAfter && { 'retry-after': String(retryAfter) }),
      ...(error.status === 401 && { 'www-authenticate': 'Bearer' }),
    },
    document: {
      type: 'about:blank',
      title: TITLES[error.status] ?? 'Error',
      status: error.status,
      detail: error.message,
      code: error.code,
      ...(reason && { reason }),
      request_id: requestId,
      ...members,
    },
  };
}

/** Whether to log the error: the server or its operator must fix it, not the client. */
export const isOurFault = ({ status, code }: AppError) => status >= 500 && code !== 'overloaded';

/** Maps errors thrown by libraries to our closed list; all others become internal_error, without details. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const {
    statusCode = 500,
    message = '',
    validation,
  } = error as { statusCode?: number; message?: string; validation?: Parameters<typeof explainValidation>[0] };
  if (isUnreachable(error))
    return new AppError('database_unavailable', 'The database does not respond at the moment. Try again shortly.', {
      retryAfter: 5,
    });
  if (validation) return new AppError('validation_failed', explainValidation(validation, message));
  const byStatus: Record<number, ErrorCode> = {
    413: 'payload_too_large',
    415: 'unsupported_media_type',
    408: 'request_timeout',
    404: 'not_found',
  };
  const code = byStatus[statusCode] ?? (statusCode >= 400 && statusCode < 500 ? 'validation_failed' : 'internal_error');
  return new AppError(
    code,
    code === 'internal_error'
      ? 'Something went wrong on the server. Its log has the details under this request_id.'
      : message,
  );
}
