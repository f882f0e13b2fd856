import type { ColumnType, Generated, GeneratedAlways, Kysely, Transaction } from 'kysely';
import type { RequiredOf } from '../config/config.ts';

type Time = ColumnType<Date, Date | undefined, Date>;
type Json = ColumnType<Record<string, unknown>, string, string>;

export type Role = 'user' | 'admin';
export type ApiKeyScope = 'read' | 'write';
export type SignInMethod = 'password' | 'totp' | 'recovery_code' | 'passkey' | 'identity_provider' | 'link';
export type ChallengeKind = 'second factor' | 'passkey' | 'new passkey' | 'outside';
export type RobotStatus = 'pending' | 'active' | 'inactive' | 'error';
export type Architecture = 'arm64' | 'amd64' | 'armhf';
export type ChannelKind = 'email' | 'telegram' | 'ntfy' | 'webhook' | 'webpush';
export type Language = 'en' | 'ru';
/** From and to are HH:MM in the time zone (IANA name); to may be on the next day. */
export interface QuietHours {
  from: string;
  to: string;
  time_zone: string;
}
export type AlertSeverity = 'info' | 'warning' | 'critical';
export type AlertState = 'pending' | 'firing' | 'resolved';
export type AlertEnd = 'recovered' | 'not_watched' | 'rule_changed' | 'rule_deleted';
export type AlertValue = number | string | boolean | null;
export type PairStatus = 'pending' | 'confirmed' | 'expired';

export interface Tables {
  users: {
    id: Generated<number>;
    email: string;
    hashed_password: string;
    name: string;
    role: Generated<Role>;
    is_active: Generated<boolean>;
    created_at: Time;
    updated_at: Time;
    last_sign_in_at: Date | null;
  };
  robots: {
    id: Generated<number>;
    name: string;
    hostname: string;
    ip_address: string | null;
    architecture: Architecture | null;
    status: Generated<RobotStatus>;
    influxdb_token: string | null;
    /** Hash of the previous token, and when a report with it was last refused. */
    former_token: string | null;
    former_token_refused_at: Date | null;
    owner_id: number | null;
    created_at: Time;
    last_seen_at: Date | null;
    first_write_at: Date | null;
    /** As given in its pairing request. */
    agent_version: string | null;
    error_reason: string | null;
    /** Short strings by key. */
    labels: ColumnType<Record<string, string>, string | undefined, string>;
    /** Incremented by every change relevant to reports. */
    version: Generated<string>;
  };
  /** The hardware that a robot had before, while its replacement can be undone. */
  robot_replacements: {
    id: GeneratedAlways<string>;
    robot_id: number;
    at: Time;
    undo_until: Date;
    hostname: string;
    ip_address: string | null;
    architecture: Architecture | null;
    agent_version: string | null;
    status: RobotStatus;
    influxdb_token: string;
  };
  /** By how much the times of an impossible clock are corrected, for each boot of the robot. */
  robot_clocks: {
    robot_id: number;
    /** Empty where the agent does not tell. */
    boot: string;
    kind: 'past' | 'future';
    shift_ms: string;
    newest_ms: string;
    corrected_at: Time;
  };
  /** What the robot's agent last said about its computer. */
  robot_inventories: {
    robot_id: number;
    model: string | null;
    os: string | null;
    kernel: string | null;
    agent: string | null;
    serial: string | null;
    at: Date;
    /** Since when the same has been reported. */
    since: Date;
  };
  /** Which devices reported with the robot's token of late. */
  robot_devices: {
    robot_id: number;
    device: string;
    booted_at: Date | null;
    address: string | null;
    first_seen_at: Date;
    last_seen_at: Date;
    returns: number;
    returned_at: Date | null;
  };
  /** Robots whose token several devices have. */
  robot_clones: { robot_id: number; noticed_at: Time; seen_at: Time };
  server_watch: { only_row: Generated<boolean>; alive_at: Time; away_from: Date | null; away_until: Date | null };
  robot_presence: {
    robot_id: number;
    seen_at: Date;
    clock_skew_ms: string | null;
    agent_version: string | null;
    announced_offline: Generated<boolean>;
    /** The boot that reported last, where its agent tells, and since when that computer runs. */
    device: string | null;
    booted_at: Date | null;
  };
  pair_codes: {
    id: Generated<number>;
    code: string;
    robot_id: number;
    status: Generated<PairStatus>;
    expires_at: Date;
    created_at: Time;
    poll_token_hash: string;
    network: string;
    last_polled_at: Date | null;
    encrypted_token: Buffer | null;
  };
  sessions: {
    id: string;
    user_id: number;
    created_at: Time;
    last_used_at: Time;
    expires_at: Date;
    address: string | null;
    user_agent: string | null;
    /** Null for sessions that are older than this column. */
    method: SignInMethod | null;
    /** Begun through the identity provider. */
    outside: Generated<boolean>;
    encrypted_id_token: Buffer | null;
  };
  outside_identities: {
    issuer: string;
    subject: string;
    user_id: number;
    email: string | null;
    created_at: Time;
    last_used_at: Date | null;
  };
  api_keys: {
    id: string;
    hash: string;
    user_id: number;
    /** The key that this one was made with; they end together. */
    made_with: string | null;
    name: string;
    scope: ApiKeyScope;
    created_at: Time;
    expires_at: Date | null;
    last_used_at: Date | null;
  };
  second_factor_policy: { only_row: Generated<boolean>; required: RequiredOf };
  totp_factors: {
    id: string;
    user_id: number;
    encrypted_secret: Buffer;
    last_step: Generated<string>;
    created_at: Time;
    confirmed_at: Date | null;
  };
  recovery_codes: { hash: string; user_id: number };
  passkeys: {
    id: string;
    user_id: number;
    user_handle: string;
    credential_id: string;
    public_key: string;
    counter: string;
    transports: ColumnType<string[], string, string>;
    name: string;
    created_at: Time;
    last_used_at: Date | null;
  };
  /** A step of a sign-in that was begun. `hash` is that of what the browser holds. */
  sign_in_challenges: {
    hash: string;
    kind: ChallengeKind;
    user_id: number | null;
    session_id: string | null;
    payload: ColumnType<Record<string, unknown>, string | undefined, string>;
    attempts: Generated<number>;
    expires_at: Date;
  };
  refresh_tokens: { hash: string; session_id: string; created_at: Time; used_at: Date | null };
  one_time_links: { hash: string; kind: 'setup' | 'invitation'; user_id: number | null; expires_at: Date | null };
  signing_keys: {
    id: string;
    encrypted_private_key: Buffer;
    public_jwk: Json;
    created_at: Time;
    retired_at: Date | null;
  };
  oidc_keys: {
    id: string;
    kind: 'signing' | 'cookies';
    encrypted_key: Buffer;
    created_at: Time;
    retired_at: Date | null;
  };
  /** What a browser's session has given an app. Everything that the app holds ends with it. */
  oidc_grants: {
    id: string;
    session_id: string;
    client_id: string;
    payload: Json;
    created_at: Time;
    expires_at: Date;
  };
  /** `id` is the hash of what the browser or the app holds. */
  oidc_artifacts: {
    model: string;
    id: string;
    uid: string | null;
    session_id: string | null;
    grant_id: string | null;
    payload: Json;
    created_at: Time;
    consumed_at: Date | null;
    expires_at: Date;
  };
  audit_log: {
    id: Generated<string>;
    at: Time;
    actor_kind: 'user' | 'robot' | 'system';
    actor_id: number | null;
    actor_name: string | null;
    action: string;
    target_kind: string | null;
    target_id: number | null;
    target_name: string | null;
    address: string | null;
    request_id: string | null;
    details: Json;
  };
  job_claims: { job: string; holder: string; until: Date };
  outbox: {
    id: Generated<string>;
    kind: string;
    payload: Json;
    created_at: Time;
    due_at: Time;
    attempts: Generated<number>;
    last_error: string | null;
  };
  robot_activity: { robot_id: number; hour: number; online_s: number; reports: number; logs: Json | null };
  rollup_due: { robot_id: number; hour: number; due_at: Date; marks: Generated<number>; taken_until: Date | null };
  store_copies: { robot_id: number; day: number; points: string; logs: string; copied_at: Generated<Date> };
  robot_purges: { robot_id: number; requested_at: Time };
  metric_series: { id: Generated<number>; robot_id: number; measurement: string; tags: Json; last_seen_at: Time };
  metric_fields: { robot_id: number; measurement: string; field: string; type: string; last_seen_at: Time };
  /** Points of a former release. */
  metric_points: { series_id: number; time: string; fields: Json };
  metric_channels: { id: Generated<number>; series_id: number; field: string };
  metric_recent: { robot_id: number; time: string; id: Generated<string>; channels: number[]; vals: number[] };
  metric_blocks: { channel: number; hour: number; times: string[]; vals: number[] };
  metric_others: { channel: number; time: string; value: Json };
  log_entries: {
    robot_id: number;
    time: string;
    digest: string;
    level: string | null;
    program: string | null;
    message: string;
  };
  alert_channels: {
    id: GeneratedAlways<number>;
    user_id: number;
    kind: ChannelKind;
    name: string;
    settings: Json;
    /** JSON of the settings that are never answered. */
    encrypted_secrets: Buffer | null;
    /** Whom it is sent to, for limits: a host, or the kind itself where all go to the same server. */
    host: string;
    language: Language;
    /** IANA name, of the times in messages. */
    time_zone: string;
    quiet_hours: ColumnType<QuietHours | null, string | null, string | null>;
    created_at: Time;
    tested_at: Date | null;
    last_sent_at: Date | null;
    failing_since: Date | null;
    /** In a row. */
    failures: Generated<number>;
    last_error: string | null;
    /** When its owner was told of it on another channel. */
    told_at: Date | null;
    retry_at: Time;
    holder: string | null;
    held_until: Date | null;
  };
  alert_notifications: {
    id: GeneratedAlways<string>;
    channel_id: number;
    /** Null where it is about a channel. */
    alert_id: string | null;
    news: Json;
    created_at: Time;
    due_at: Time;
    attempts: Generated<number>;
    first_tried_at: Date | null;
    /** The message that it is part of, once that was tried. */
    delivery: string | null;
  };
  push_keys: { id: number; public_key: string; encrypted_private_key: Buffer; created_at: Time };
  alert_rules: {
    id: Generated<number>;
    owner_id: number;
    name: string;
    enabled: boolean;
    scope: Json;
    condition: Json;
    for_s: number;
    resolve_for_s: number;
    severity: AlertSeverity;
    channels: number[];
    remind_after_s: number | null;
    created_at: Time;
    version: Generated<number>;
    unknown_from: Date | null;
    unknown_until: Date | null;
  };
  alerts: {
    id: Generated<string>;
    /** Null once the rule has been deleted. */
    rule_id: number | null;
    /** The rule's. */
    owner_id: number;
    robot_id: number;
    rule_name: string;
    severity: AlertSeverity;
    state: AlertState;
    value: ColumnType<AlertValue, string, string>;
    since: Date;
    fired_at: Date | null;
    clear_since: Date | null;
    quiet_since: Date | null;
    resolved_at: Date | null;
    ended: AlertEnd | null;
    acknowledged_by: number | null;
    acknowledged_at: Date | null;
    told_at: Date | null;
    version: Generated<number>;
  };
  alert_silences: {
    id: Generated<number>;
    owner_id: number;
    comment: string;
    robot_id: number | null;
    labels: ColumnType<Record<string, string> | null, string | null, never>;
    rule_id: number | null;
    until: Date | null;
    weekly: ColumnType<Record<string, unknown> | null, string | null, never>;
    created_at: Time;
  };
  alert_watch: {
    only_row: Generated<boolean>;
    round: Generated<string>;
    evaluated_at: Date | null;
    watched_since: Date | null;
    rests_until: Date | null;
  };
  watched_fields: {
    id: Generated<number>;
    key: string;
    owner_id: number | null;
    measurement: string;
    field: string | null;
    tags: ColumnType<Record<string, string>, string, string>;
    created_at: Time;
    asked_at: Time;
  };
  arrivals: { id: Generated<string>; at: Time; body: string };
  alert_absences: { id: Generated<number>; since: Date; until: Date };
}

export type Database = Kysely<Tables>;
/** A connection pool or a transaction, the first parameter of store functions. */
export type Db = Database | Transaction<Tables>;
