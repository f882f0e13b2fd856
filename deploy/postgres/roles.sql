-- Roles, databases and what each may do. Run again, it changes what differs: passwords, too. Passwords are read from
-- files by psql itself, so that they are in no argument, no environment and no log.
\set ON_ERROR_STOP on
set log_min_error_statement = panic;
set client_min_messages = warning;
\set api `cat /run/secrets/api-database-password`
\set bi `cat /run/secrets/bi-database-password`
\set grafana `cat /run/secrets/grafana-database-password`
\set superset `cat /run/secrets/superset-database-password`

select format('create role %I', name) from (values ('robowatch'), ('robowatch_bi'), ('robowatch_grafana'), ('superset')) wanted (name)
where not exists (select from pg_roles where rolname = name) \gexec

-- robowatch is the server. robowatch_bi is how Superset reads, robowatch_grafana how Grafana does; superset owns what
-- Superset keeps for itself.
alter role robowatch login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'api';
alter role robowatch_bi login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 40 password :'bi';
alter role robowatch_grafana login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 20 password :'grafana';
alter role superset login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 60 password :'superset';
alter role robowatch_bi set default_transaction_read_only = on;
alter role robowatch_bi set statement_timeout = '60s';
alter role robowatch_grafana set default_transaction_read_only = on;
alter role robowatch_grafana set statement_timeout = '30s';

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

\connect superset
alter schema public owner to superset;
revoke all on schema public from public;
