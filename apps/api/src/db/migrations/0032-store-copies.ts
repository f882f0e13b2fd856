import { type Kysely, sql } from 'kysely';

/** What `npm run store:copy` has copied and verified. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table store_copies (
      robot_id int not null references robots on delete cascade,
      day int not null,
      points bigint not null,
      logs bigint not null,
      copied_at timestamptz not null default now(),
      primary key (robot_id, day)
    )`.execute(db);
}
