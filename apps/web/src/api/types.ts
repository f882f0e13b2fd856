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
export type ApiKey = Reply<'/api/api-keys', 'get'>['items'][number];
export type ApiKeyScope = ApiKey['scope'];
export type Robot = Reply<'/api/robots', 'get'>['items'][number];
export type Trend = Reply<'/api/robots/trends', 'get'>['items'][number];
export type PairPreview = Reply<'/api/pair/{code}', 'get'>;
export type Measurement = Reply<'/api/robots/{id}/metrics', 'get'>['items'][number];
export type SeriesReply = Reply<'/api/robots/{id}/metrics/{measurement}', 'get'>;
export type Summary = Reply<'/api/fleet/summary', 'get'>;
export type LogEntry = Reply<'/api/robots/{id}/logs', 'get'>['items'][number];
export type AuditEntry = Reply<'/api/audit', 'get'>['items'][number];

export type Rule = Reply<'/api/alert-rules', 'get'>['items'][number];
export type RuleBody = NonNullable<paths['/api/alert-rules']['post']['requestBody']>['content']['application/json'];
export type Condition = Rule['condition'];
export type Suggestion = Reply<'/api/alert-rules/suggestions', 'get'>['items'][number];
export type Firing = Reply<'/api/alert-rules/preview', 'post'>['firings'][number];
export type Alert = Reply<'/api/alerts', 'get'>['items'][number];
export type AlertState = Alert['state'];
export type Silence = Reply<'/api/silences', 'get'>['items'][number];
export type NewSilence = NonNullable<paths['/api/silences']['post']['requestBody']>['content']['application/json'];
export type Channel = Reply<'/api/alert-channels', 'get'>['items'][number];
export type ChannelKind = Channel['kind'];
export type ChannelChange = NonNullable<
  paths['/api/alert-channels/{id}']['patch']['requestBody']
>['content']['application/json'];
export type ChannelBody = NonNullable<
  paths['/api/alert-channels']['post']['requestBody']
>['content']['application/json'];
