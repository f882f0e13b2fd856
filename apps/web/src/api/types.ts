import type { paths } from './schema';

/** The body of a successful reply. */
type Reply<
  Path extends keyof paths,
  Method extends keyof paths[Path],
  Status extends number = 200,
> = paths[Path][Method] extends {
  responses: Record<Status, { content: { 'application/json': infer Body } }>;
}
  ? Body
  : never;

export type SignedIn = Reply<'/api/auth/login', 'post'>;
export type User = SignedIn['user'];
/** A user as administrators see it. */
export type Account = Reply<'/api/users', 'get'>['items'][number];
export type Invited = Reply<'/api/users', 'post', 201>;
export type Session = Reply<'/api/auth/sessions', 'get'>['items'][number];
export type Robot = Reply<'/api/robots', 'get'>['items'][number];
export type Trend = Reply<'/api/robots/trends', 'get'>['items'][number];
export type PairPreview = Reply<'/api/pair/{code}', 'get'>;
export type Measurement = Reply<'/api/robots/{id}/metrics', 'get'>['items'][number];
export type SeriesReply = Reply<'/api/robots/{id}/metrics/{measurement}', 'get'>;
export type Summary = Reply<'/api/fleet/summary', 'get'>;
export type LogEntry = Reply<'/api/robots/{id}/logs', 'get'>['items'][number];
export type AuditEntry = Reply<'/api/audit', 'get'>['items'][number];
