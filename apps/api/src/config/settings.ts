export interface Setting {
  name: string;
  kind: 'string' | 'secret' | 'integer' | 'duration' | 'url' | 'list';
  default?: string;
  min?: number;
  max?: number;
  about: string;
}

/** Every setting there is. docs/configuration.md is generated from this table. */
export const SETTINGS = [
  { name: 'API_PORT', kind: 'integer', default: '9100', min: 1, max: 65535, about: 'Port of the REST API.' },
  {
    name: 'WEB_PORT',
    kind: 'integer',
    default: '9101',
    min: 1,
    max: 65535,
    about: 'Port of the web app, with `/api` of the same origin beside it.',
  },
  {
    name: 'LISTEN_HOST',
    kind: 'string',
    default: '0.0.0.0',
    about: 'Address both ports listen on. `127.0.0.1` keeps them to this machine.',
  },
  { name: 'PUBLIC_URL', kind: 'url', about: 'What people and robots reach. Default `http://localhost:WEB_PORT`.' },
  {
    name: 'DATA_DIR',
    kind: 'string',
    default: './data',
    about: 'Where the embedded database and the generated secret live.',
  },
  {
    name: 'DATABASE_URL',
    kind: 'secret',
    about: 'PostgreSQL 15 to 18. Unset: an embedded PostgreSQL under `DATA_DIR`.',
  },
  {
    name: 'DATABASE_POOL_SIZE',
    kind: 'integer',
    default: '20',
    min: 2,
    max: 500,
    about: 'Connections kept to PostgreSQL.',
  },
  {
    name: 'SECRET_KEY',
    kind: 'secret',
    about:
      'At least 32 characters. Generated and kept in `DATA_DIR/secret-key` in embedded mode, required with `DATABASE_URL`.',
  },
  {
    name: 'ADMIN_EMAIL',
    kind: 'string',
    about: 'With `ADMIN_PASSWORD`: the first administrator, created when there are no users yet.',
  },
  { name: 'ADMIN_PASSWORD', kind: 'secret', about: 'See `ADMIN_EMAIL`. At least 8 characters.' },
  {
    name: 'TRUSTED_PROXIES',
    kind: 'list',
    about: 'Addresses or CIDR ranges, comma-separated, whose `X-Forwarded-For` is believed. Unset: none.',
  },
  {
    name: 'REDIS_URL',
    kind: 'secret',
    about:
      '`redis://` or `rediss://`: replicas of the API count attempts together. Unset, or while it is away: each on its own.',
  },
  {
    name: 'CA_FILE',
    kind: 'string',
    about:
      'Certificate (PEM) of the private CA that signed the one of `PUBLIC_URL`. Served at `/ca.crt`, for robots to trust.',
  },
  { name: 'GRAFANA_URL', kind: 'url', about: 'Where people reach Grafana. Unset: the web app has no link to it.' },
  {
    name: 'REQUEST_TIMEOUT',
    kind: 'duration',
    default: '30',
    min: 1,
    max: 3600,
    about: 'How long a request may take to arrive whole; slower ones are cut off.',
  },
  {
    name: 'LOG_LEVEL',
    kind: 'string',
    default: 'info',
    about: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
  },
  { name: 'INFLUX_URL', kind: 'url', about: 'InfluxDB 2. Unset: PostgreSQL keeps the metrics.' },
  { name: 'INFLUX_ORG', kind: 'string', about: 'Organisation in InfluxDB.' },
  { name: 'INFLUX_BUCKET', kind: 'string', default: 'robots', about: 'Bucket in InfluxDB.' },
  { name: 'INFLUX_WRITE_TOKEN', kind: 'secret', about: 'Token that can only write that bucket.' },
  { name: 'INFLUX_READ_TOKEN', kind: 'secret', about: 'Token that can only read that bucket.' },
  {
    name: 'METRICS_RETENTION',
    kind: 'duration',
    default: '30d',
    min: 3600,
    about: 'How long metrics and logs are kept.',
  },
  {
    name: 'METRICS_MAX_FUTURE',
    kind: 'duration',
    default: '1d',
    min: 60,
    about: 'How far ahead of our clock a point may lie before it is refused.',
  },
  {
    name: 'PAIR_CODE_TTL',
    kind: 'duration',
    default: '900',
    min: 30,
    max: 86400,
    about: 'How long a pairing code lives (seconds, or with a unit).',
  },
  {
    name: 'PAIR_POLL_INTERVAL',
    kind: 'duration',
    default: '5',
    min: 1,
    max: 60,
    about: 'The shortest time between two polls of one robot.',
  },
  {
    name: 'PAIR_MAX_LIVE_CODES',
    kind: 'integer',
    default: '1000',
    min: 1,
    about:
      'Codes waiting for confirmation, all robots together. Beyond it the network that has most of them loses its oldest.',
  },
  {
    name: 'PAIR_MAX_LIVE_CODES_PER_NETWORK',
    kind: 'integer',
    default: '100',
    min: 1,
    about: 'Codes of one network (IPv4 /24, IPv6 /48) waiting for confirmation.',
  },
  {
    name: 'PAIR_REQUESTS_PER_ADDRESS',
    kind: 'integer',
    default: '100',
    min: 1,
    about: 'New codes one address may ask for in 15 minutes.',
  },
  {
    name: 'PAIR_ATTEMPTS_PER_USER',
    kind: 'integer',
    default: '20',
    min: 1,
    about: 'Wrong codes a user may type in 15 minutes.',
  },
  {
    name: 'PAIR_ATTEMPTS_PER_ADDRESS',
    kind: 'integer',
    default: '50',
    min: 1,
    about: 'Wrong codes one address may try in 15 minutes.',
  },
  {
    name: 'PAIR_ATTEMPTS_OF_USERS',
    kind: 'integer',
    default: '60',
    min: 1,
    about: 'Wrong codes all users together may type in 15 minutes.',
  },
  {
    name: 'PAIR_ATTEMPTS_OF_ANYBODY',
    kind: 'integer',
    default: '40',
    min: 1,
    about:
      'Wrong codes in 15 minutes from all who are not signed in, together. Robots that wait with their poll token guess nothing.',
  },
  {
    name: 'LOGIN_ATTEMPTS_PER_ACCOUNT',
    kind: 'integer',
    default: '10',
    min: 1,
    about: 'Failed sign-ins for one e-mail from one network (IPv4 /24, IPv6 /48) in 15 minutes.',
  },
  {
    name: 'LOGIN_ATTEMPTS_PER_ACCOUNT_TOTAL',
    kind: 'integer',
    default: '200',
    min: 1,
    about:
      'Failed sign-ins for one e-mail from all networks together in 15 minutes. A browser that is signed in is not held up by it.',
  },
  {
    name: 'LOGIN_ATTEMPTS_PER_ADDRESS',
    kind: 'integer',
    default: '100',
    min: 1,
    about: 'Failed sign-ins from one address in 15 minutes.',
  },
  { name: 'ACCESS_TOKEN_TTL', kind: 'duration', default: '900', min: 10, max: 3600, about: 'Life of an access token.' },
  { name: 'SESSION_TTL', kind: 'duration', default: '30d', min: 60, about: 'A session unused for this long ends.' },
  {
    name: 'SESSION_MAX_AGE',
    kind: 'duration',
    default: '90d',
    min: 60,
    about: 'A session ends this long after signing in, used or not.',
  },
  { name: 'INVITATION_TTL', kind: 'duration', default: '7d', min: 60, about: 'Life of an invitation link.' },
  {
    name: 'EVENT_STREAMS_PER_USER',
    kind: 'integer',
    default: '20',
    min: 1,
    about:
      'Streams of events that one user may keep open at each replica. A page without one asks again and again instead.',
  },
  {
    name: 'ROBOT_OFFLINE_AFTER',
    kind: 'duration',
    default: '45',
    min: 5,
    about: 'A robot unheard of for this long counts as offline.',
  },
  {
    name: 'ROBOT_LINES_PER_SECOND',
    kind: 'integer',
    default: '10000',
    min: 1,
    about: 'Lines a robot may send each second, averaged over ten seconds.',
  },
  {
    name: 'INGEST_MAX_BODY_BYTES',
    kind: 'integer',
    default: '4194304',
    min: 1024,
    about: 'Largest metrics body as sent.',
  },
  {
    name: 'INGEST_MAX_UNPACKED_BYTES',
    kind: 'integer',
    default: '16777216',
    min: 1024,
    about: 'Largest metrics body after decompression.',
  },
  {
    name: 'INGEST_MAX_PENDING_BYTES',
    kind: 'integer',
    default: '134217728',
    min: 1048576,
    about: 'Metrics waiting for the store, all robots together; beyond it the reply is 503.',
  },
  {
    name: 'INGEST_MAX_LINES',
    kind: 'integer',
    default: '100000',
    min: 1,
    about: 'Most lines in one metrics body.',
  },
  {
    name: 'INGEST_BATCH_LINES',
    kind: 'integer',
    default: '5000',
    min: 1,
    max: 100000,
    about: 'Lines of many robots gathered into one write to the store.',
  },
  {
    name: 'INGEST_BATCH_BYTES',
    kind: 'integer',
    default: '2097152',
    min: 1024,
    about: 'Bytes gathered into one write to the store.',
  },
  {
    name: 'INGEST_LINGER_MS',
    kind: 'integer',
    default: '50',
    min: 0,
    max: 1000,
    about:
      'How long a write may wait for more lines while another one is under way; it waits a tenth of what a write takes. Nothing waits while the store is idle.',
  },
  {
    name: 'INGEST_WRITES_IN_FLIGHT',
    kind: 'integer',
    default: '4',
    min: 1,
    max: 64,
    about: 'Writes to the store under way at the same time.',
  },
  {
    name: 'ROBOT_MAX_SERIES',
    kind: 'integer',
    default: '2000',
    min: 1,
    about: 'Series (measurement and tags) a robot may have; beyond it only its own new ones are refused.',
  },
  {
    name: 'ROBOT_MAX_FIELDS',
    kind: 'integer',
    default: '2000',
    min: 1,
    about: 'Different fields a robot may have; beyond it only its own new ones are refused.',
  },
  {
    name: 'PROMETHEUS_PORT',
    kind: 'integer',
    min: 1,
    max: 65535,
    about: 'Port of `GET /metrics`, the figures of the server itself for Prometheus. Unset: not served.',
  },
  {
    name: 'PROMETHEUS_HOST',
    kind: 'string',
    default: '127.0.0.1',
    about: 'Address that port listens on. Keep it private.',
  },
  {
    name: 'INGEST_TIMEOUT_MS',
    kind: 'integer',
    default: '3500',
    min: 100,
    max: 4000,
    about: 'How long a robot waits for the store before it is told 503.',
  },
] as const satisfies Setting[];

export type SettingName = (typeof SETTINGS)[number]['name'];
