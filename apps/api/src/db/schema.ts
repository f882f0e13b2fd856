import type { ColumnType, Generated, Kysely, Transaction } from 'kysely';

type Time = ColumnType<Date, Date | undefined, Date>;
type Json = ColumnType<Record<string, unknown>, string, string>;

export type Role = 'user' | 'admin';
export type RobotStatus = 'pending' | 'active' | 'inactive' | 'error';
export type Architecture = 'arm64' | 'amd64' | 'armhf';
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
  robot_presence: {
    robot_id: number;
    seen_at: Date;
    clock_skew_ms: string | null;
    agent_version: string | null;
    announced_offline: Generated<boolean>;
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
  rollup_due: { robot_id: number; hour: number; due_at: Date; marks: Generated<number> };
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
}

export type Database = Kysely<Tables>;
/** A connection pool or a transaction, the first parameter of store functions. */
export type Db = Database | Transaction<Tables>;
