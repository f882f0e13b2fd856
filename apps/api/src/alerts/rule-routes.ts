import { userActor } from '../accounts/index.ts';
import type { SeriesCatalog } from '../catalog/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { type App, Empty, IdParams, Page, replies, security } from '../http/schemas.ts';
import { readRange } from '../series/index.ts';
import type { MetricsStore, Reads } from '../stores/index.ts';
import { preview } from './preview.ts';
import { findRule, listRules } from './rule-store.ts';
import { changeRule, createRule, removeRule } from './rules.ts';
import { NewRule, PreviewBody, PreviewReply, Rule, RuleChange, RuleQuery, Suggestions } from './schemas.ts';
import { SUGGESTIONS } from './suggestions.ts';

const tags = ['alerts'];

interface RuleRoutesDeps {
  db: Database;
  config: Config;
  store: MetricsStore;
  catalog: SeriesCatalog;
  reads: Reads;
}

/** For signed-in users: their own rules; for administrators, all. */
export function ruleRoutes(app: App, { db, config, store, catalog, reads }: RuleRoutesDeps): void {
  app.post(
    '/alert-rules/preview',
    {
      schema: {
        tags,
        security,
        description:
          'What the rule would have done in the last day, or from `from` to `to`, 31 days at most, in windows of at least a minute. Of the kinds offline, no_data, log and threshold without increase and changed.',
        body: PreviewBody,
        response: replies(
          { 200: PreviewReply },
          'unauthorized',
          'forbidden',
          'not_found',
          'store_unavailable',
          'rate_limited',
        ),
      },
    },
    async (request, reply) => {
      const { caller, body } = request;
      const range = readRange({ from: body.from ?? '-1d', to: body.to });
      const deps = { db, store, catalog, retention: config.metrics.retention };
      return reads.run(request, reply, (signal) => preview(deps, caller, body, range, signal));
    },
  );

  app.get(
    '/alert-rules',
    { schema: { tags, security, querystring: RuleQuery, response: replies({ 200: Page(Rule) }, 'unauthorized') } },
    async ({ caller, query }) => listRules(db, caller, { ...query, limit: query.limit ?? 100 }),
  );

  app.get(
    '/alert-rules/suggestions',
    { schema: { tags, security, response: replies({ 200: Suggestions }, 'unauthorized') } },
    async () => ({ items: SUGGESTIONS }),
  );

  app.get(
    '/alert-rules/:id',
    { schema: { tags, security, params: IdParams, response: replies({ 200: Rule }, 'unauthorized', 'not_found') } },
    async ({ caller, params }) => {
      const rule = await findRule(db, caller, params.id);
      if (!rule) throw notFound('rule');
      return rule;
    },
  );

  app.post(
    '/alert-rules',
    {
      schema: {
        tags,
        security,
        body: NewRule,
        response: replies({ 201: Rule }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) =>
      reply.code(201).send(await createRule(db, userActor(request), request.caller, request.body)),
  );

  app.patch(
    '/alert-rules/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        body: RuleChange,
        response: replies({ 200: Rule }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request) => changeRule(db, userActor(request), request.caller, request.params.id, request.body),
  );

  app.delete(
    '/alert-rules/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 204: Empty }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) => {
      await removeRule(db, userActor(request), request.caller, request.params.id);
      return reply.code(204).send(null);
    },
  );
}
