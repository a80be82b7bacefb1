import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Migrations of the store's tables by name. A migration that was released is never changed; a newer executor may share
 * the database with older ones during a deploy, hence a migration only adds.
 */
export const migrations: Record<string, Migration> = {
  '2026-11-29-executions': { up: createTables },
  '2026-11-30-placement-and-parking': { up: addPlacementAndParking },
  '2026-11-30-secrets-and-error-codes': { up: addSecretsAndErrorCodes },
  '2026-11-30-selective-lists': { up: addSelectiveLists },
}

async function createTables(db: Kysely<unknown>): Promise<void> {
  await createExecutions(db)
  await createSessions(db)
  // No foreign keys: whoever writes rows of an execution holds a lock on its row, and deletes them with it.
  await createEntries(db)
  await createInbox(db)
  await createApprovals(db)
  await createNotifications(db)
  await createGuestRuntimes(db)
  await createApiKeys(db)
}

/** The status changes with most appends. No index has it, so that a row is updated in its page, without new index entries. */
async function createExecutions(db: Kysely<unknown>): Promise<void> {
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
      is_attached boolean not null default false,
      header text,
      callback text,
      notify text,
      error text,
      status text not null,
      epoch integer not null default 0,
      node text,
      wake_at timestamptz default now(),
      served_by text,
      served_until timestamptz(3),
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      started_at timestamptz(3),
      finished_at timestamptz(3),
      is_tombstone boolean not null default false,
      session_key bigint,
      step integer,
      base_step integer,
      state_kept boolean,
      variables text,
      journal_bytes bigint,
      cpu_ms float8,
      unique (tenant, id)
    ) with (fillfactor = 80)`.execute(db)
  // Lists. Those of detached executions do not search through the many attached ones.
  await sql`create index on codemode.executions (tenant, created_at, id) where not is_tombstone`.execute(db)
  await sql`create index on codemode.executions (tenant, created_at, id) where not is_tombstone and not is_attached`.execute(
    db,
  )
  // Queued executions of a tenant, parked ones that expire, and unfinished ones without a wake-up.
  await sql`create index on codemode.executions (tenant) where started_at is null and finished_at is null`.execute(db)
  await sql`create index on codemode.executions (expires_at) where finished_at is null and node is null`.execute(db)
  await sql`create index on codemode.executions (key) where finished_at is null`.execute(db)
  // Steps of a session that have not ended.
  await sql`create index on codemode.executions (session_key, step) where session_key is not null and finished_at is null`.execute(
    db,
  )
  // Deletion of old ones.
  await sql`create index on codemode.executions (finished_at) where not is_tombstone`.execute(db)
  await sql`create index on codemode.executions (finished_at) where is_tombstone`.execute(db)
}

/** Ids are compared by their bytes, so that a list can be merged with one that JavaScript has sorted. */
async function createSessions(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table codemode.sessions (
      key bigint generated always as identity primary key,
      tenant text not null,
      id text collate "C" not null,
      owner text not null,
      label text,
      payload text,
      isolation text not null,
      idle_timeout_ms bigint not null,
      created_at timestamptz(3) not null default now(),
      last_used_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      last_step integer not null default 0,
      base_step integer not null default 0,
      runtime json,
      ended_at timestamptz(3),
      unique (tenant, id)
    )`.execute(db)
  await sql`create index on codemode.sessions (tenant, created_at, id) where ended_at is null`.execute(db)
  await sql`create index on codemode.sessions (expires_at) where ended_at is null`.execute(db)
  await sql`create index on codemode.sessions (ended_at) where ended_at is not null`.execute(db)
  await sql`
    create table codemode.session_steps (
      session_key bigint not null,
      step integer not null,
      execution_key bigint not null,
      primary key (session_key, step)
    )`.execute(db)
  await sql`create index on codemode.session_steps (execution_key)`.execute(db)
}

async function createEntries(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table codemode.entries (
      key bigint not null,
      position integer not null,
      epoch integer not null,
      payload text not null,
      primary key (key, position)
    )`.execute(db)
}

/** A message has the number of the call that it answers: an answer that waits in the inbox is the only one of its call. */
async function createInbox(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table codemode.inbox (
      number bigint generated always as identity primary key,
      key bigint not null,
      call integer,
      payload text not null,
      unique (key, call)
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
}

async function createNotifications(db: Kysely<unknown>): Promise<void> {
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

async function createGuestRuntimes(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table codemode.guest_runtimes (
      hash text primary key,
      text text not null,
      created_at timestamptz(3) not null default now(),
      used_at timestamptz(3) not null default now()
    )`.execute(db)
}

async function createApiKeys(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table codemode.api_keys (
      number bigint generated always as identity primary key,
      entry jsonb not null,
      id text not null unique generated always as (entry ->> 'id') stored,
      sha256 text not null unique generated always as (entry ->> 'sha256') stored
    )`.execute(db)
}

/** Placement of guests, and what parked executions wait for. */
async function addPlacementAndParking(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table codemode.executions
      add column reuse_isolates boolean not null default true,
      add column parked_for text`.execute(db)
  await sql`alter table codemode.sessions add column reuse_isolates boolean not null default true`.execute(db)
}

/** Random secrets that the nodes share, and codes of errors in clear, by which executions are counted. */
async function addSecretsAndErrorCodes(db: Kysely<unknown>): Promise<void> {
  await sql`create table codemode.secrets (name text primary key, value text not null)`.execute(db)
  await sql`alter table codemode.executions add column error_code text`.execute(db)
}

/**
 * Counts that read an index only, and lists by filters that few executions pass. The outcome repeats the final status in a
 * column that does not change before the end, because no index may have the status.
 */
async function addSelectiveLists(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table codemode.executions
      add column outcome text generated always as (case when finished_at is not null then status end) stored`.execute(
    db,
  )
  await sql`
    create index on codemode.executions (tenant, created_at, id) include (outcome, error_code)
    where not is_tombstone`.execute(db)
  // The one before serves every list that it did.
  await sql`drop index codemode.executions_tenant_created_at_id_idx`.execute(db)
  await sql`create index on codemode.executions (tenant, owner, created_at, id) where not is_tombstone`.execute(db)
  await sql`
    create index on codemode.executions (tenant, label, created_at, id)
    where not is_tombstone and label is not null`.execute(db)
  await sql`
    create index on codemode.executions (tenant, created_at, id)
    where not is_tombstone and outcome <> 'completed'`.execute(db)
}
