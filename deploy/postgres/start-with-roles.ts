import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from '../../apps/api/src/db/embedded-postgres.ts';

const NAMES = ['api', 'bi', 'grafana', 'superset'] as const;

/**
 * A PostgreSQL of its own with the roles and databases of roles.sql, as in the full stack.
 * @returns the server's DATABASE_URL, what Grafana's data source reads from its environment, where Superset finds it, the
 *   passwords of Superset's two roles and the key of the tokens that say who is looking, and `grantViews`, which runs
 *   roles.sql once more after the server has migrated its database
 */
export async function startWithRoles() {
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-roles-'));
  // PostgreSQL, which runs as another user, must be able to enter it.
  chmodSync(dir, 0o755);
  const [data, secrets] = [join(dir, 'data'), join(dir, 'secrets')];
  mkdirSync(data);
  mkdirSync(secrets, { mode: 0o700 });
  const passwords = NAMES.map((name) => [name, randomBytes(16).toString('hex')] as const);
  for (const [name, password] of passwords)
    writeFileSync(join(secrets, `${name}-database-password`), password, { mode: 0o600 });
  const viewerKey = randomBytes(32).toString('hex');
  writeFileSync(join(secrets, 'bi-viewer-key'), viewerKey, { mode: 0o600 });
  const passwordOf = Object.fromEntries(passwords) as Record<(typeof NAMES)[number], string>;
  const roles = join(dir, 'roles.sql');
  const statements = readFileSync(new URL('./roles.sql', import.meta.url), 'utf8');
  writeFileSync(roles, statements.replaceAll('/run/secrets/', `${secrets}/`));

  const postgres = await startEmbeddedPostgres(data);
  const { host, hostname, port, password } = new URL(postgres.adminUrl);
  const applyRoles = async (more = {}) => {
    const args = ['-X', '-q', '-h', hostname, '-p', port, '-U', 'postgres', '-d', 'postgres', '-f', roles];
    await promisify(execFile)('psql', args, { env: { ...process.env, PGPASSWORD: password, ...more } });
  };
  await applyRoles();
  return {
    /** The server's database, as PostgreSQL's administrator. */
    adminDatabase: `postgres://postgres:${password}@${host}/robowatch`,
    databaseUrl: `postgres://robowatch:${passwordOf.api}@${host}/robowatch`,
    grafana: {
      POSTGRES_ADDRESS: host,
      POSTGRES_DATABASE: 'robowatch',
      POSTGRES_SSLMODE: 'disable',
      POSTGRES_PASSWORD: passwordOf.grafana,
    },
    superset: { address: host, role: passwordOf.superset, reader: passwordOf.bi, viewerKey },
    grantViews: () => applyRoles(),
    /** As ./rotate does: first the new key counts, too, then alone. */
    replaceViewerKey: async (key: string) => {
      writeFileSync(join(secrets, 'bi-viewer-key'), key);
      await applyRoles({ FORMER_VIEWER_KEYS: 'keep' });
    },
    stop: async () => {
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
