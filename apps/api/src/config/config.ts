import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { alertChannels } from './alert-channels.ts';
import { readCertificate } from './certificate.ts';
import { ConfigError, type Env, readEnv, seconds } from './env.ts';
import { identityProvider } from './identity-provider.ts';
import { openIdClients } from './openid-clients.ts';
import { checkSecretKey, keptSecretKey } from './secret-key.ts';
import type { SettingName } from './settings.ts';

export type RequiredOf = 'none' | 'admins' | 'everyone';

export type Config = ReturnType<typeof loadConfig>;

const MIN_GATEWAY_SECRET = 32;
const REQUIRED_OF: RequiredOf[] = ['none', 'admins', 'everyone'];
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Reads and checks the configuration. Times are in seconds, sizes in bytes, unless the name says otherwise.
 * @throws ConfigError that says what to change
 */
export function loadConfig(env: Env) {
  const read = readEnv(env);
  const text = (name: SettingName) => read[name];
  const int = (name: SettingName) => Number(read[name]);
  const time = (name: SettingName) => seconds(name, read[name] as string);

  rejectContradictions(read);
  const databaseUrl = text('DATABASE_URL');
  const dataDir = resolve(text('DATA_DIR') as string);
  if (!databaseUrl) ensureWritable(dataDir);
  const secretKey = text('SECRET_KEY');

  return {
    listen: {
      host: text('LISTEN_HOST') as string,
      apiPort: int('API_PORT'),
      webPort: int('WEB_PORT'),
      requestTimeout: time('REQUEST_TIMEOUT'),
    },
    workers: int('API_WORKERS'),
    /** Demonstration robots: where there is one process, and so one fleet of them. */
    hasDemo: !databaseUrl && int('API_WORKERS') === 1,
    publicUrl: (text('PUBLIC_URL') ?? `http://localhost:${int('WEB_PORT')}`).replace(/\/+$/, ''),
    dataDir,
    secretKey: secretKey ? checkSecretKey(secretKey) : keptSecretKey(dataDir),
    database: { url: databaseUrl, poolSize: int('DATABASE_POOL_SIZE'), readPoolSize: int('DATABASE_READ_POOL_SIZE') },
    reads: { timeout: time('READ_TIMEOUT'), perUser: int('READS_PER_USER') },
    admin: text('ADMIN_EMAIL')
      ? { email: text('ADMIN_EMAIL') as string, password: text('ADMIN_PASSWORD') as string }
      : undefined,
    trustedProxies: trustedProxies(text('TRUSTED_PROXIES')),
    redisUrl: text('REDIS_URL'),
    agentPackages: text('AGENT_PACKAGES'),
    certificateAuthority: readCertificate(text('CA_FILE')),
    grafanaUrl: text('GRAFANA_URL')?.replace(/\/+$/, ''),
    supersetUrl: text('SUPERSET_URL')?.replace(/\/+$/, ''),
    oidc: {
      clients: openIdClients(read),
      tokenTtl: time('OIDC_TOKEN_TTL'),
      startsPerAddress: int('OIDC_STARTS_PER_ADDRESS'),
      wrongSecretsPerAddress: int('OIDC_WRONG_SECRETS_PER_ADDRESS'),
    },
    gateway: text('GRAFANA_GATEWAY_SECRET')
      ? {
          secret: text('GRAFANA_GATEWAY_SECRET') as string,
          perUser: int('GRAFANA_QUERIES_PER_USER'),
          maxBytes: int('GRAFANA_ANSWER_MAX_BYTES'),
        }
      : undefined,
    identityProvider: identityProvider(read),
    logLevel: text('LOG_LEVEL') as string,
    metrics: { retention: time('METRICS_RETENTION'), maxFuture: time('METRICS_MAX_FUTURE') },
    rollups: { retention: time('ROLLUP_RETENTION'), delay: time('ROLLUP_DELAY') },
    pairing: {
      codeTtl: time('PAIR_CODE_TTL'),
      pollInterval: time('PAIR_POLL_INTERVAL'),
      maxLiveCodes: int('PAIR_MAX_LIVE_CODES'),
      maxLiveCodesPerNetwork: int('PAIR_MAX_LIVE_CODES_PER_NETWORK'),
      requestsPerAddress: int('PAIR_REQUESTS_PER_ADDRESS'),
      attemptsPerUser: int('PAIR_ATTEMPTS_PER_USER'),
      attemptsPerAddress: int('PAIR_ATTEMPTS_PER_ADDRESS'),
      attemptsOfUsers: int('PAIR_ATTEMPTS_OF_USERS'),
      attemptsOfAnybody: int('PAIR_ATTEMPTS_OF_ANYBODY'),
    },
    auth: {
      accessTokenTtl: time('ACCESS_TOKEN_TTL'),
      sessionTtl: time('SESSION_TTL'),
      sessionMaxAge: time('SESSION_MAX_AGE'),
      requireSecondFactor: text('REQUIRE_SECOND_FACTOR') as RequiredOf,
      invitationTtl: time('INVITATION_TTL'),
      attemptsPerAccount: int('LOGIN_ATTEMPTS_PER_ACCOUNT'),
      attemptsPerAccountTotal: int('LOGIN_ATTEMPTS_PER_ACCOUNT_TOTAL'),
      startsPerAddress: int('LOGIN_STARTS_PER_ADDRESS'),
      attemptsPerAddress: int('LOGIN_ATTEMPTS_PER_ADDRESS'),
    },
    events: { streamsPerUser: int('EVENT_STREAMS_PER_USER') },
    robots: { offlineAfter: time('ROBOT_OFFLINE_AFTER') },
    ingest: {
      linesPerSecond: int('ROBOT_LINES_PER_SECOND'),
      bytesPerSecond: int('ROBOT_BYTES_PER_SECOND'),
      maxBodyBytes: int('INGEST_MAX_BODY_BYTES'),
      maxUnpackedBytes: int('INGEST_MAX_UNPACKED_BYTES'),
      maxPendingBytes: int('INGEST_MAX_PENDING_BYTES'),
      maxLines: int('INGEST_MAX_LINES'),
      batchLines: int('INGEST_BATCH_LINES'),
      batchBytes: int('INGEST_BATCH_BYTES'),
      lingerMs: int('INGEST_LINGER_MS'),
      // ClickHouse takes what comes within half a second together.
      writesInFlight: int('INGEST_WRITES_IN_FLIGHT') * (text('CLICKHOUSE_URL') ? 8 : 1),
      timeoutMs: int('INGEST_TIMEOUT_MS'),
    },
    catalog: {
      maxSeries: int('ROBOT_MAX_SERIES'),
      maxFields: int('ROBOT_MAX_FIELDS'),
      maxChannels: int('ROBOT_MAX_CHANNELS'),
      retention: time('METRICS_RETENTION'),
    },
    channels: alertChannels(read),
    prometheus: text('PROMETHEUS_PORT')
      ? { port: int('PROMETHEUS_PORT'), host: text('PROMETHEUS_HOST') as string }
      : undefined,
    influx: text('INFLUX_URL')
      ? {
          url: (text('INFLUX_URL') as string).replace(/\/+$/, ''),
          org: text('INFLUX_ORG') as string,
          bucket: text('INFLUX_BUCKET') as string,
          writeToken: text('INFLUX_WRITE_TOKEN') as string,
          readToken: text('INFLUX_READ_TOKEN') as string,
        }
      : undefined,
    clickhouse: text('CLICKHOUSE_URL')
      ? {
          shards: clickHouseShards(text('CLICKHOUSE_URL') as string),
          database: text('CLICKHOUSE_DATABASE') as string,
          writer: {
            user: text('CLICKHOUSE_WRITER') as string,
            password: text('CLICKHOUSE_WRITER_PASSWORD') as string,
          },
          reader: {
            user: text('CLICKHOUSE_READER') as string,
            password: text('CLICKHOUSE_READER_PASSWORD') as string,
          },
          quorum: int('CLICKHOUSE_QUORUM'),
        }
      : undefined,
  };
}

function rejectContradictions(read: Partial<Record<SettingName, string>>): void {
  if (read.API_PORT === read.WEB_PORT) throw new ConfigError('API_PORT and WEB_PORT must differ.');
  if (!read.ADMIN_EMAIL !== !read.ADMIN_PASSWORD) {
    throw new ConfigError('ADMIN_EMAIL and ADMIN_PASSWORD go together: set both or neither.');
  }
  if (read.ADMIN_EMAIL && !/^[^\s@]+@[^\s@]+$/.test(read.ADMIN_EMAIL))
    throw new ConfigError('ADMIN_EMAIL is not an e-mail address.');
  if (read.DATABASE_URL && !/^postgres(ql)?:\/\//.test(read.DATABASE_URL)) {
    throw new ConfigError('DATABASE_URL must look like postgres://user:password@host:5432/database.');
  }
  if (read.REDIS_URL && !/^rediss?:\/\/./.test(read.REDIS_URL)) {
    throw new ConfigError('REDIS_URL must look like redis://:password@host:6379, or rediss:// with TLS.');
  }
  if (read.DATABASE_URL && !read.SECRET_KEY) {
    throw new ConfigError('SECRET_KEY is required with DATABASE_URL. Generate one: openssl rand -hex 32');
  }
  if (read.GRAFANA_GATEWAY_SECRET && !read.INFLUX_URL)
    throw new ConfigError('GRAFANA_GATEWAY_SECRET is set without INFLUX_URL. Set INFLUX_URL, or unset it.');
  if (read.GRAFANA_GATEWAY_SECRET && read.GRAFANA_GATEWAY_SECRET.length < MIN_GATEWAY_SECRET)
    throw new ConfigError(
      `GRAFANA_GATEWAY_SECRET must have at least ${MIN_GATEWAY_SECRET} characters. Generate one: openssl rand -hex 32`,
    );
  for (const name of ['INFLUX_ORG', 'INFLUX_WRITE_TOKEN', 'INFLUX_READ_TOKEN'] as const) {
    if (read.INFLUX_URL && !read[name])
      throw new ConfigError(`${name} is required with INFLUX_URL. \`npm run influx:setup\` creates it.`);
    if (!read.INFLUX_URL && read[name])
      throw new ConfigError(`${name} is set without INFLUX_URL. Set INFLUX_URL, or unset ${name}.`);
  }
  for (const name of ['CLICKHOUSE_WRITER_PASSWORD', 'CLICKHOUSE_READER_PASSWORD'] as const)
    if (read.CLICKHOUSE_URL && !read[name])
      throw new ConfigError(`${name} is required with CLICKHOUSE_URL. \`npm run clickhouse:setup\` creates it.`);
  if (!REQUIRED_OF.includes(read.REQUIRE_SECOND_FACTOR as RequiredOf))
    throw new ConfigError(`REQUIRE_SECOND_FACTOR must be one of ${REQUIRED_OF.join(', ')}.`);
  if (!LOG_LEVELS.includes(read.LOG_LEVEL as string))
    throw new ConfigError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}.`);
}

/** @throws ConfigError when one is not an address or CIDR range */
function trustedProxies(list: string | undefined): string[] {
  const proxies = (list ?? '')
    .split(',')
    .map((proxy) => proxy.trim())
    .filter(Boolean);
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIP(address);
    try {
      if (!family) throw new Error('not an address');
      if (prefix !== undefined) new BlockList().addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
    } catch {
      throw new ConfigError(`TRUSTED_PROXIES: "${proxy}" is not an address or CIDR range such as 10.0.0.0/8.`);
    }
  }
  return proxies;
}

/** URLs of the machines of each shard. @throws ConfigError when one is no URL */
export function clickHouseShards(list: string): string[][] {
  return list.split(';').map((shard) => shard.split(',').map((text) => clickHouseUrl(text.trim())));
}

function clickHouseUrl(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new ConfigError(`CLICKHOUSE_URL: "${text}" is not a URL such as http://localhost:8123.`);
  return text.replace(/\/+$/, '');
}

function ensureWritable(dataDir: string): void {
  try {
    // The last step is not recursive: under /proc that would loop for ever.
    if (!existsSync(dirname(dataDir))) mkdirSync(dirname(dataDir), { recursive: true });
    if (!existsSync(dataDir)) mkdirSync(dataDir, { mode: 0o755 });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new ConfigError(
      `DATA_DIR ${dataDir} cannot be written to (${reason}). Choose another directory or change its owner.`,
    );
  }
}
