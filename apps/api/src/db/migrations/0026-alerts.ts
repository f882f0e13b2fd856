import { type Kysely, sql } from 'kysely';

/** Rules, what they found, when they are silent, and when nobody could look. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table alert_rules (
      id serial primary key,
      owner_id integer not null references users (id) on delete cascade,
      name text not null,
      enabled boolean not null,
      scope jsonb not null,
      condition jsonb not null,
      for_s integer not null,
      resolve_for_s integer not null,
      severity text not null check (severity in ('info', 'warning', 'critical')),
      channels integer[] not null,
      remind_after_s integer,
      created_at timestamptz not null default now(),
      version integer not null default 1,
      unknown_from timestamptz,
      unknown_until timestamptz
    );
    create index alert_rules_owner on alert_rules (owner_id);
    comment on column alert_rules.unknown_until is 'the last time that what it asks for could not be read';

    create table alerts (
      id bigserial primary key,
      rule_id integer references alert_rules (id) on delete set null,
      owner_id integer not null references users (id) on delete cascade,
      robot_id integer not null references robots (id) on delete cascade,
      rule_name text not null,
      severity text not null,
      state text not null check (state in ('pending', 'firing', 'resolved')),
      value jsonb not null default 'null',
      since timestamptz not null,
      fired_at timestamptz,
      clear_since timestamptz,
      quiet_since timestamptz,
      resolved_at timestamptz,
      ended text,
      acknowledged_by integer references users (id) on delete set null,
      acknowledged_at timestamptz,
      told_at timestamptz,
      version integer not null default 1
    );
    create unique index alerts_open on alerts (rule_id, robot_id) where state <> 'resolved';
    create index alerts_robot on alerts (robot_id, id);
    create index alerts_owner on alerts (owner_id, id);
    create index alerts_rule on alerts (rule_id, robot_id, resolved_at);
    create index alerts_resolved on alerts (resolved_at) where state = 'resolved';
    comment on column alerts.since is 'from when on the condition held; fired_at: when that had lasted long enough';
    comment on column alerts.clear_since is 'firing, but the condition no longer holds; quiet_since: nothing is heard of it';
    comment on column alerts.told_at is 'the last message; null while none has been queued';

    create table alert_silences (
      id serial primary key,
      owner_id integer not null references users (id) on delete cascade,
      comment text not null,
      robot_id integer references robots (id) on delete cascade,
      labels jsonb,
      rule_id integer references alert_rules (id) on delete cascade,
      until timestamptz,
      weekly jsonb,
      created_at timestamptz not null default now()
    );
    create index alert_silences_owner on alert_silences (owner_id);

    create table alert_watch (
      only_row boolean primary key default true check (only_row),
      round bigint not null default 0,
      evaluated_at timestamptz,
      watched_since timestamptz
    );
    insert into alert_watch default values;
    comment on column alert_watch.round is 'taken by each evaluation: only the latest may change anything';

    create table alert_absences (
      id serial primary key,
      since timestamptz not null,
      until timestamptz not null
    );
    create index alert_absences_until on alert_absences (until);
    comment on table alert_absences is 'when robots could not be heard, because no server was there or it refused what they sent';
  `.execute(db);
}
