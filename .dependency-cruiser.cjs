/** Dependencies point one way: routes → use-case → store. */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'routes-only-from-the-app',
      comment: 'Nothing but app.ts knows routes',
      severity: 'error',
      from: { pathNot: '(app\\.ts|\\.test\\.ts)$' },
      to: { path: 'routes\\.ts$' },
    },
    {
      name: 'stores-know-no-use-case',
      comment: 'A store speaks SQL and nothing else',
      severity: 'error',
      from: { path: '-store\\.ts$' },
      to: { path: 'apps/api/src/(accounts|robots|pairing)/', pathNot: '(-store|schemas|robots/presence)\\.ts$' },
    },
    {
      name: 'use-cases-know-no-fastify',
      comment: 'HTTP stays in routes, http/ and app.ts',
      severity: 'error',
      from: {
        path: 'apps/api/src/(accounts|robots|pairing|ingest|series|stores|catalog|line-protocol|figures|audit|events|jobs)/',
        pathNot: '(routes|refresh-cookie|caller|\\.test)\\.ts$',
      },
      to: { path: 'node_modules/(@fastify/|fastify)' },
    },
    {
      name: 'composition-is-the-top',
      severity: 'error',
      from: { path: 'apps/api/src/.+/', pathNot: '\\.test\\.ts$' },
      to: { path: 'apps/api/src/(app|main|composition)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sql-only-in-stores',
      comment: 'pg is opened in db/ and events/ only',
      severity: 'error',
      from: { path: 'apps/api/src', pathNot: '(db/|events/|\\.test\\.ts)' },
      to: { path: 'node_modules/pg/' },
    },
    {
      name: 'web-knows-no-server',
      comment: 'The web app meets the API over HTTP and in its description only',
      severity: 'error',
      from: { path: 'apps/web/src' },
      to: { path: 'apps/(api|demo)/' },
    },
    {
      name: 'web-ui-knows-no-domain',
      comment: 'ui/ holds what any page could use',
      severity: 'error',
      from: { path: 'apps/web/src/ui/', pathNot: '\\.test\\.ts$' },
      to: { path: 'apps/web/src/(app|auth|pairing|robots|metrics|users|audit)/' },
    },
    {
      name: 'web-domains-know-no-shell',
      comment: 'app/ is the top; only i18n may be asked for the language',
      severity: 'error',
      from: { path: 'apps/web/src/(auth|pairing|robots|metrics|users|audit|api|ui)/', pathNot: '\\.test\\.ts$' },
      to: { path: 'apps/web/src/app/', pathNot: 'app/i18n\\.ts$' },
    },
    {
      name: 'no-orphans',
      severity: 'warn',
      from: { orphan: true, pathNot: '(\\.d\\.ts|main\\.ts|migrations/.+|\\.test\\.ts)$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: 'public/' },
  },
};
