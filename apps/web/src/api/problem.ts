import type { components } from './schema';

type Problem = components['schemas']['Problem'];
/** The API's closed list, and `unreachable`: no response at all. */
export type ProblemCode = Problem['code'] | 'unreachable';
export type ProblemReason = NonNullable<Problem['reason']>;

/** Any reason why a call failed, in one shape for all pages. */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  /** The server's English sentence, shown where there is no translation. */
  readonly detail: string;
  readonly requestId: string | null;
  /** Do not retry before, in ms since 1970. */
  readonly retryAt: number | null;
  /** The specific reason, if the code is too general. */
  readonly reason: ProblemReason | null;
  /** Members of the reply that only this code has. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: ProblemCode,
    status: number,
    detail: string,
    requestId: string | null = null,
    retryAt?: number,
    reason?: ProblemReason,
    members: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = 'ApiProblem';
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.requestId = requestId;
    this.retryAt = retryAt ?? null;
    this.reason = reason ?? null;
    this.members = members;
  }

  /** Worth retrying automatically. */
  get isPassing(): boolean {
    return this.status >= 500 || this.code === 'unreachable';
  }
}

export const sessionEnded = () => new ApiProblem('session_ended', 401, 'The session has ended.');
export const unreachable = () => new ApiProblem('unreachable', 0, 'The server does not respond.');

/** Whether the reply is from the API and not from a proxy in front of it. */
export const isProblemReply = ({ headers }: Response): boolean =>
  headers.get('content-type')?.includes('application/problem+json') ?? false;

/** Reads an RFC 9457 reply. A proxy's own error page counts as unreachable. */
export async function readProblem(response: Response): Promise<ApiProblem> {
  const problem = isProblemReply(response)
    ? ((await response.json().catch(() => undefined)) as Problem | undefined)
    : undefined;
  if (!problem) return unreachable();
  const seconds = Number(response.headers.get('retry-after'));
  const retryAt = seconds > 0 ? Date.now() + seconds * 1000 : undefined;
  const { code, status, detail, request_id, reason, ...rest } = problem;
  return new ApiProblem(code, status, detail, request_id, retryAt, reason, rest);
}

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if ((error as Error)?.name === 'TimeoutError') return unreachable();
  return new ApiProblem('internal_error', 500, String((error as Error)?.message ?? error));
}

/** A page that already shows data need not repeat the banner that says the server is unreachable. */
export const isNews = (error: unknown, showsData: boolean): boolean =>
  Boolean(error) && !(showsData && asProblem(error).code === 'unreachable');
