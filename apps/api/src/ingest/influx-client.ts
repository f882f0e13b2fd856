import type { AppError } from '../errors.ts';
import { problemOf } from '../http/problem.ts';

/**
 * Where InfluxDB 2's clients write. What they send is a report; only the token's scheme and the replies are theirs.
 * https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostWrite
 */
export const INFLUX_PATH = '/api/v2/write';

export const isOfInfluxClient = (url = ''): boolean => url === INFLUX_PATH || url.startsWith(`${INFLUX_PATH}?`);

/** The token of `Authorization: Token …` or `Bearer …`, if there is one. @param authorization the header's value */
export function influxToken(authorization = ''): string | undefined {
  return /^(?:Token|Bearer) +(\S+) *$/i.exec(authorization)?.[1];
}

const CODES: Record<number, string> = {
  400: 'invalid',
  401: 'unauthorized',
  413: 'request too large',
  415: 'invalid',
  422: 'unprocessable entity',
  429: 'too many requests',
  500: 'internal error',
  503: 'unavailable',
};

/**
 * A reply as InfluxDB words it: `code` and `message`, which its clients show. They drop what was answered with any 4xx but 401, 403, 413
 * and 429, so a connection that was too slow gets 503.
 */
export function influxReplyOf(
  error: AppError,
  requestId: string,
): { status: number; headers: Record<string, string>; document: Record<string, unknown> } {
  const status = error.status === 408 ? 503 : error.status;
  const { headers, document } = problemOf(error, requestId);
  const { accepted, rejected, rejected_lines, reasons } = error.extras.members ?? {};
  const why = (reasons as { line: number; reason: string }[] | undefined)
    ?.map(({ line, reason }) => `line ${line}: ${reason}`)
    .join('; ');
  return {
    status,
    headers: {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      ...(status === 401 && { 'www-authenticate': 'Token' }),
    },
    document: {
      code: CODES[status] ?? 'invalid',
      message: why ? `${document.detail} ${why}` : document.detail,
      request_id: requestId,
      ...(rejected !== undefined && { accepted, rejected, rejected_lines }),
    },
  };
}
