import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Migrations of the store's tables by name. A migration that was released is never changed; a newer executor may share
 * the database with older ones during a deploy, hence a migration only adds.
 */
export const migrations: Record<string, Migration> = {
  '2026-11-29-executions': { up: createTables },
  '2026-11-30-notifications': { up: addNotifications },
}

async function createTables(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table codemode.executions (
      key bigint generated always as identity primary key,
      tenant text not null,
      id text not null,
      owner text not null,
      key_id text not null,
      correlation_id text not null,
      label text,
      body_hash text not null,
      isolation text not null,
      header text,
      callback text,
      error text,
      status text not null,
      epoch integer not null default 0,
      node text,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      started_at timestamptz(3),
      finished_at timestamptz(3),
      is_tombstone boolean not null default false,
      unique (tenant, id)
    )`.execute(db)
  await sql`create index on codemode.executions (tenant, created_at, id) where not is_tombstone`.execute(db)
  await sql`create index on codemode.executions (tenant) where status = 'queued'`.execute(db)
  await sql`create index on codemode.executions (finished_at) where not is_tombstone`.execute(db)
  await sql`create index on codemode.executions (finished_at) where is_tombstone`.execute(db)
  await sql`create index on codemode.executions (expires_at) where finished_at is null and node is null`.execute(db)
  // No foreign keys: whoever writes rows of an execution holds a lock on its row, and deletes them with it.
  await sql`
    create table codemode.entries (
      key bigint not null,
      position integer not null,
      epoch integer not null,
      payload text not null,
      primary key (key, position)
    )`.execute(db)
  await sql`
    create table codemode.inbox (
      number bigint generated always as identity primary key,
      key bigint not null,
      payload text not null
    )`.execute(db)
  await sql`create index on codemode.inbox (key, number)`.execute(db)
}

async function addNotifications(db: Kysely<unknown>): Promise<void> {
  await sql`alter table codemode.executions add column notify text`.execute(db)
  await sql`
    create table codemode.notifications (
      number bigint generated always as identity primary key,
      key bigint not null,
      tenant text not null,
      id text not null,
      payload text not null,
      status text not null default 'pending',
      created_at timestamptz(3) not null default now(),
      attempts integer not null default 0,
      last_attempt_at timestamptz(3),
      problem text,
      unique (tenant, id)
    )`.execute(db)
  await sql`create index on codemode.notifications (key)`.execute(db)
  await sql`create index on codemode.notifications (tenant, number)`.execute(db)
}
