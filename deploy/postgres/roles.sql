-- Roles, databases and what each may do. Run again, it changes what differs: passwords, too. Passwords are read from
-- files by psql itself, so that they are in no argument, no environment and no log.
\set ON_ERROR_STOP on
set log_min_error_statement = panic;
set client_min_messages = warning;
\set api `cat /run/secrets/api-database-password`
\set bi `cat /run/secrets/bi-database-password`
\set grafana `cat /run/secrets/grafana-database-password`
\set superset `cat /run/secrets/superset-database-password`
\set viewer `cat /run/secrets/bi-viewer-key`

select format('create role %I', name) from (values ('robowatch'), ('robowatch_bi'), ('robowatch_grafana'), ('robowatch_viewers'), ('superset')) wanted (name)
where not exists (select from pg_roles where rolname = name) \gexec

-- robowatch is the server. robowatch_bi is how Superset reads, robowatch_grafana how Grafana does; superset owns what
-- Superset keeps for itself. Members of robowatch_viewers see the robots of whom they name, by a token: bi_viewer().
alter role robowatch_viewers nologin;
grant robowatch_viewers to robowatch_bi;
alter role robowatch login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'api';
alter role robowatch_bi login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 40 password :'bi';
alter role robowatch_grafana login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 20 password :'grafana';
alter role superset login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 60 password :'superset';
alter role robowatch_bi set default_transaction_read_only = on;
alter role robowatch_bi set statement_timeout = '60s';
alter role robowatch_grafana set default_transaction_read_only = on;
alter role robowatch_grafana set statement_timeout = '30s';
alter role robowatch_bi set temp_file_limit = '2GB';
alter role robowatch_grafana set temp_file_limit = '2GB';

select format('create database %I owner %I', name, name) from (values ('robowatch'), ('superset')) wanted (name)
where not exists (select from pg_database where datname = name) \gexec
revoke all on database postgres, template1, robowatch, superset from public;
grant connect on database robowatch to robowatch_bi, robowatch_grafana;

\connect robowatch
set client_min_messages = warning;
alter schema public owner to robowatch;
revoke all on schema public from public;
grant usage on schema public to robowatch_bi, robowatch_grafana;
-- The views exist once the server has migrated the database (docs/bi.md). They are all that these two roles see.
select format('grant select on public.%I to robowatch_bi, robowatch_grafana', name)
from (values ('robot_hours'), ('robot_days'), ('robot_disks'), ('fleet_days'), ('robot_states')) views (name)
where to_regclass('public.' || name) is not null \gexec

-- The key of the tokens that say who is looking. While ./rotate replaces it, Superset goes on with the former.
\set former end
\getenv former FORMER_VIEWER_KEYS
select :'former' = 'keep' as keeps_former \gset
select to_regclass('public.viewer_keys') is not null as has_viewers \gset
\if :has_viewers
begin;
\if :keeps_former
\else
delete from public.viewer_keys where key <> :'viewer';
\endif
insert into public.viewer_keys (key) select :'viewer' where not exists (select from public.viewer_keys where key = :'viewer');
commit;
\endif

-- What the two could do harm with, although they write nothing: large objects fill the disk, the server waits for
-- advisory locks and listens to notifications, settings say who is looking, others' queries tell what they ask for, and
-- queries within a query escape Superset's checks. The server itself may use these.
select format('revoke execute on function %s from public; grant execute on function %s to robowatch', oid::regprocedure, oid::regprocedure)
from pg_proc where pronamespace = 'pg_catalog'::regnamespace and (proname ~ '^lo_|^lowrite$|^loread$|advisory|_to_xml' or proname in
  ('set_config', 'pg_notify', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', 'pg_cancel_backend', 'pg_terminate_backend',
  'pg_logical_emit_message', 'pg_stat_get_activity', 'pg_stat_get_backend_activity', 'ts_stat')) \gexec
revoke select on pg_stat_activity, pg_prepared_xacts, pg_locks from public;

\connect superset
alter schema public owner to superset;
revoke all on schema public from public;
