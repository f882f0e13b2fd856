import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { settingsTable } from './write-settings.ts';

const load = (env: Record<string, string>) =>
  loadConfig({ DATA_DIR: mkdtempSync(join(tmpdir(), 'robowatch-config-')), ...env });

function keyBesideCertificate() {
  const file = join(mkdtempSync(join(tmpdir(), 'robowatch-config-')), 'both.pem');
  writeFileSync(file, `${rootCertificates[0]}\n-----BEGIN PRIVATE KEY-----\n`);
  return file;
}

describe('loadConfig', () => {
  it('needs no settings, and stores the generated secret readable by its owner only', () => {
    const DATA_DIR = mkdtempSync(join(tmpdir(), 'robowatch-config-'));
    const { secretKey, publicUrl } = loadConfig({ DATA_DIR });
    expect(loadConfig({ DATA_DIR }).secretKey).toBe(secretKey);
    expect(statSync(join(DATA_DIR, 'secret-key')).mode & 0o777).toBe(0o600);
    expect(publicUrl).toBe('http://localhost:9101');
  });

  it.each([
    [{ METRICS_RETENTON: '3d' }, 'Did you mean METRICS_RETENTION'],
    [{ SECRETKEY: 'x' }, 'Did you mean SECRET_KEY'],
    [{ API_PORT: 'ninety' }, 'API_PORT must be a whole number'],
    [{ API_PORT: '9101' }, 'must differ'],
    [{ ADMIN_EMAIL: 'a@b' }, 'go together'],
    [{ DATABASE_URL: 'postgres://x/y' }, 'SECRET_KEY is required'],
    [{ DATABASE_URL: 'mysql://x/y', SECRET_KEY: 'x' }, 'postgres://'],
    [{ SECRET_KEY: 'short' }, 'at least 32 characters'],
    [{ SECRET_KEY: 'changeme'.repeat(5) }, 'well known'],
    [{ OIDC_GRAFANA_SECRET: 'b1946ac92492d2347c6235b4d2611184' }, 'GRAFANA_URL is required'],
    [{ OIDC_SUPERSET_SECRET: 'short', SUPERSET_URL: 'https://s.example' }, 'at least 32 characters'],
    [{ OIDC_SUPERSET_SECRET: 'ab'.repeat(20), SUPERSET_URL: 'https://s.example' }, 'not too regular'],
    [{ OIDC_GRAFANA_KEY: 'x' }, 'Did you mean OIDC_GRAFANA_SECRET'],
    [{ PAIR_CODE_TTL: '15 minutes' }, 'duration'],
    [{ TRUSTED_PROXIES: '10.0.0.0/99' }, 'CIDR'],
    [{ PUBLIC_URL: 'robots.example' }, 'http://'],
    [{ DATA_DIR: '/proc/nowhere' }, 'cannot be written'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL must look like'],
    [{ CA_FILE: '/nowhere/ca.pem' }, 'cannot be read (ENOENT)'],
    [{ CA_FILE: '/etc/hosts' }, 'is not a certificate'],
    [{ CA_FILE: keyBesideCertificate() }, 'contains a private key'],
    [{ GRAFANA_URL: 'grafana.example' }, 'GRAFANA_URL must be an http'],
  ])('rejects %o with a clear message', (env, sentence) => {
    expect(() => load(env as Record<string, string>)).toThrow(sentence);
  });

  it('reads secrets from files, and says which file is missing or superfluous', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'robowatch-config-')), 'redis-url');
    writeFileSync(file, 'redis://:word@redis:6379\n');
    expect(load({ REDIS_URL_FILE: file }).redisUrl).toBe('redis://:word@redis:6379');
    expect(() => load({ REDIS_URL_FILE: file, REDIS_URL: 'redis://x' })).toThrow('REDIS_URL_FILE are both set');
    expect(() => load({ REDIS_URL_FILE: '/nowhere' })).toThrow('names /nowhere, which cannot be read (ENOENT)');
    expect(() => load({ REDIS_URI_FILE: file })).toThrow('Did you mean REDIS_URL_FILE');
  });

  it('is documented: docs/configuration.md has the current table of settings', () => {
    expect(readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')).toContain(
      settingsTable(),
    );
  });
});
