import type pg from 'pg';

export const ORDINARY_ROLE = 'robowatch';

/**
 * Creates the role that the server uses. It owns the database and its contents but is not a superuser, so that even
 * injected SQL cannot read files or run programs. Takes over objects that a previous version created as the superuser.
 */
export async function prepareOrdinaryRole(admin: pg.Client, password: string): Promise<void> {
  const role = admin.escapeIdentifier(ORDINARY_ROLE);
  await admin.query('begin');
  try {
    const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [ORDINARY_ROLE]);
    await admin.query(
      `${rowCount ? 'alter' : 'create'} role ${role} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
       password ${admin.escapeLiteral(password)}`,
    );
    const { rows } = await admin.query<{ statement: string }>(
      `with objects as (
         select format('alter %s %I.%I owner to', case relkind when 'v' then 'view' when 'm' then 'materialized view'
           when 'S' then 'sequence' else 'table' end, nspname, relname) as statement, relowner as owner
         from pg_class join pg_namespace on pg_namespace.oid = relnamespace
         where nspname = 'public' and relkind in ('r', 'p', 'v', 'm', 'S')
           and not exists (select from pg_depend where objid = pg_class.oid and deptype in ('a', 'i') and relkind = 'S')
         union all
         select format('alter type %I.%I owner to', nspname, typname), typowner
         from pg_type join pg_namespace on pg_namespace.oid = typnamespace
         where nspname = 'public' and typtype in ('e', 'd')
         union all
         select format('alter routine %s owner to', pg_proc.oid::regprocedure), proowner
         from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where nspname = 'public'
         union all select format('alter schema public owner to'), nspowner from pg_namespace where nspname = 'public'
         union all select format('alter database %I owner to', datname), datdba from pg_database where datname = current_database()
       ) select statement from objects where owner <> $1::regrole`,
      [ORDINARY_ROLE],
    );
    for (const { statement } of rows) await admin.query(`${statement} ${role}`);
    await admin.query('commit');
  } catch (error) {
    await admin.query('rollback');
    throw error;
  }
}
