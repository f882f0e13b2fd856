const API = 'apps/api/src/';

/** The rooms of the API from the top down; the top itself is the files beside them, and commands/. */
const FLOORS = [
  ['demo', 'health', 'live', 'web'],
  ['alerts'],
  ['channels'],
  ['ingest', 'series'],
  ['flux-gateway'],
  ['rollups'],
  ['pairing'],
  ['robots'],
  ['oidc'],
  ['accounts'],
  ['audit', 'stores', 'catalog'],
  ['line-protocol'],
  ['figures'],
  ['http', 'jobs', 'monitoring', 'processes'],
  ['events', 'secrets'],
  ['db', 'scheduling', 'caches'],
  ['config'],
];
/** How many of them are ground: nothing of the domain. */
const GROUND = 4;
const inRooms = (rooms) => `^${API}(${rooms.join('|')})/`;
const sameRoom = `^${API}$1/`;

/** Dependencies point one way: routes → use-case → store, and rooms import downwards. */
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
      comment: 'Nothing but app.ts knows routes; compile.ts only loads them',
      severity: 'error',
      from: { pathNot: '((app|compile)\\.ts|\\.test\\.ts)$' },
      to: { path: 'routes\\.ts$' },
    },
    ...FLOORS.map((floor, i) => ({
      name: 'only-downwards',
      comment: 'A room imports rooms of lower floors only (docs/architecture.md)',
      severity: 'error',
      from: { path: inRooms(floor) },
      to: { path: inRooms([...FLOORS.slice(0, i).flat(), ...floor]), pathNot: sameRoom },
    })),
    {
      name: 'nothing-imports-the-top',
      severity: 'error',
      from: { path: `${API}.+/`, pathNot: ['\\.test\\.ts$', `${API}commands/`] },
      to: {
        path: `${API}(app|schedule|main|server|supervisor|composition|database|start-up)\\.ts$`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-what-is-exported',
      comment: "A domain's room is entered through its index.ts",
      severity: 'error',
      from: { path: inRooms(FLOORS.slice(0, -GROUND).flat()), pathNot: '\\.test\\.ts$' },
      to: { path: inRooms(FLOORS.slice(0, -GROUND).flat()), pathNot: [sameRoom, '/index\\.ts$'] },
    },
    {
      name: 'sql-only-in-stores',
      comment: 'Kysely in *-store.ts, stores/ and db/; pg where connections are made',
      severity: 'error',
      from: { path: API, pathNot: '(db/|stores/|-store\\.ts$|\\.test\\.ts$)' },
      to: { path: 'node_modules/kysely/' },
    },
    {
      name: 'connections-only-in-db-and-events',
      severity: 'error',
      from: { path: API, pathNot: '(db/|events/|\\.test\\.ts)' },
      to: { path: 'node_modules/pg/' },
    },
    {
      name: 'use-cases-know-no-fastify',
      comment: 'HTTP stays in routes, http/, web/ and app.ts',
      severity: 'error',
      from: {
        path: `${API}.+/`,
        pathNot: '(src/(http|web)/|(routes|refresh-cookie|caller|\\.test)\\.ts$)',
      },
      to: { path: 'node_modules/(@fastify/|fastify)' },
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
      to: { path: 'apps/web/src/(alerts|app|auth|pairing|robots|metrics|users|audit)/' },
    },
    {
      name: 'web-domains-know-no-shell',
      comment: 'app/ is the top; only i18n may be asked for the language',
      severity: 'error',
      from: {
        path: 'apps/web/src/(alerts|auth|pairing|robots|metrics|users|audit|api|api-keys|ui)/',
        pathNot: '\\.test\\.ts$',
      },
      to: { path: 'apps/web/src/app/', pathNot: 'app/i18n\\.ts$' },
    },
    {
      name: 'web-queries-in-one-place',
      comment: "A noun's requests and query keys are in its queries.ts; components call those",
      severity: 'error',
      from: { path: 'apps/web/src/.+\\.vue$' },
      to: { path: 'apps/web/src/api/client' },
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
