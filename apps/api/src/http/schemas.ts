import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { type TProperties, type TSchema, Type } from 'typebox';
import { ERROR_REASONS, ERROR_STATUS, type ErrorCode } from '../errors.ts';

/** Fastify with types inferred from the routes' schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const codes = Object.keys(ERROR_STATUS) as ErrorCode[];

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Union(codes.map((code) => Type.Literal(code))),
    reason: Type.Optional(Type.Union(ERROR_REASONS.map((reason) => Type.Literal(reason)))),
    request_id: Type.String(),
  },
  { $id: 'Problem', additionalProperties: true, description: 'RFC 9457 problem document' },
);

/** A route's response schemas: its own, and the problems it may reply with, by code. */
export function replies<Own extends Record<number, TSchema>>(own: Own, ...problems: ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...problems, 'validation_failed', 'internal_error', 'database_unavailable'] as ErrorCode[]) {
    byStatus.set(ERROR_STATUS[code], [...(byStatus.get(ERROR_STATUS[code]) ?? []), code]);
  }
  const described = [...byStatus].map(([status, list]) => [
    status,
    {
      description: [...new Set(list)].join(', '),
      content: { 'application/problem+json': { schema: Type.Ref('Problem') } },
    },
  ]);
  return { ...Object.fromEntries(described), ...own } as Own;
}

/**
 * A request body with a closed set of members. Others are refused, so that a misspelt member is not silently ignored
 * and nothing unexpected reaches a use case.
 */
export const Body = <Members extends TProperties>(members: Members) =>
  Type.Object(members, { additionalProperties: false });

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Timestamp = Type.Unsafe<Date | string>({ type: 'string', format: 'date-time' });
export const Id = Type.Integer({ minimum: 1, maximum: 2147483647 });
export const IdParams = Type.Object({ id: Id });
export const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 }));
export const Cursor = Type.Optional(Type.String({ maxLength: 500 }));
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next_cursor: Nullable(Type.String()) });
export const Empty = Type.Null({ description: 'No content' });
export const security = [{ bearer: [] }];
