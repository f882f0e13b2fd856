import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const compose = parse(readFileSync(join(import.meta.dirname, '../compose.yaml'), 'utf8'), {
  merge: true,
  maxAliasCount: -1,
});

it('Grafana shows nothing to anybody who is not signed in, and tells nothing to others', () => {
  expect(compose.services.grafana.environment).toMatchObject({
    GF_AUTH_ANONYMOUS_ENABLED: 'false',
    GF_METRICS_ENABLED: 'false',
    GF_USERS_ALLOW_SIGN_UP: 'false',
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_SECURITY_DISABLE_GRAVATAR: 'true',
  });
});
