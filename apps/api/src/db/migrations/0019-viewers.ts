import { type Kysely, sql } from 'kysely';

/**
 * Whose robots the views for BI show. Roles that are members of `robowatch_viewers` say who is looking by the setting
 * `robowatch.viewer`: `<subject>.<expiry, seconds since 1970>.<MAC>`, where the subject is an e-mail address in hex or
 * `all`, and the MAC is SHA-256(key, SHA-256(key, "<subject>.<expiry>")) in hex. They cannot read the key, and an account
 * is looked up at each query. Other roles, such as the server's and an operator's own, see all.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table viewer_keys (key text not null check (length(key) >= 32));
    comment on table viewer_keys is 'made and shared by the operator: deploy/postgres/roles.sql';

    create function bi_viewer() returns integer language plpgsql stable security definer parallel safe
    set search_path = pg_catalog, pg_temp as $$
    declare
      token text[] := regexp_match(current_setting('robowatch.viewer', true), '^(all|(?:[0-9a-f]{2})+)\\.(\\d{1,12})\\.([0-9a-f]{64})$');
      subject text;
      known public.users;
    begin
      if not exists (
        select from pg_auth_members m
        where m.member = session_user::regrole and m.roleid = to_regrole('robowatch_viewers')
      ) then
        return 0;
      end if;
      if token is null or token[2]::bigint <= extract(epoch from clock_timestamp()) or not exists (
        select from public.viewer_keys k
        where encode(sha256(convert_to(k.key, 'UTF8') || sha256(convert_to(k.key || token[1] || '.' || token[2], 'UTF8'))), 'hex') = token[3]
      ) then
        return null;
      end if;
      if token[1] = 'all' then
        return 0;
      end if;
      select * into known from public.users where email = convert_from(decode(token[1], 'hex'), 'UTF8') and is_active;
      return case when known.role = 'admin' then 0 else known.id end;
    end $$;
    comment on function bi_viewer() is 'the id of the user whose robots are shown; 0: all robots; null: none';
  `.execute(db);
}
