import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Migrations of the store's tables by name. A migration that was released is never changed; a newer executor may share
 * the database with older ones during a deploy, hence a migration only adds.
 */
export const migrations: Record<string, Migration> = {
  '2026-11-29-executions': { up: createTables },
  '2026-11-30-approvals': { up: createApprovals },
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

async function createApprovals(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table codemode.approvals (
      number bigint generated always as identity primary key,
      key bigint not null,
      call integer not null,
      tenant text not null,
      owner text not null,
      status text not null,
      payload text not null,
      decision text,
      input_hash text not null,
      requested_at timestamptz(3) not null,
      expires_at timestamptz(3),
      decided_at timestamptz(3),
      unique (key, call)
    )`.execute(db)
  await sql`create index on codemode.approvals (tenant, number)`.execute(db)
  await sql`create index on codemode.approvals (tenant, number) where status = 'pending'`.execute(db)
  // The call that a message answers: an answer that waits in the inbox is the only one of its call.
  await sql`alter table codemode.inbox add column call integer`.execute(db)
  await sql`create unique index on codemode.inbox (key, call)`.execute(db)
  // The reader that serves the tool calls of an execution without a callback.
  await sql`alter table codemode.executions add column served_by text, add column served_until timestamptz(3)`.execute(
    db,
  )
}
