import { getMigrations } from './db/migrate.ts';

/** Loads what a start may load, whatever the settings, so that it gets into Node's cache of compiled code. */
export async function compileAll(): Promise<void> {
  await Promise.all([
    import('./server.ts'),
    import('./supervisor.ts'),
    import('./accounts/password-strength.ts'),
    import('./http/redis.ts'),
    import('./oidc/routes.ts'),
    import('./stores/clickhouse/clickhouse-store.ts'),
    import('./stores/influxdb/influxdb-store.ts'),
    getMigrations(),
  ]);
}
