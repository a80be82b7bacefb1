import { isDeepStrictEqual } from 'node:util'

import type { ApprovalStatus } from '@codemode/shared'
import { sql, type Selectable } from 'kysely'

import type {
  ApprovalListOptions,
  ApprovalPage,
  Decided,
  DecisionMade,
  NewDecision,
  RequestedApproval,
  StoredApproval,
} from '../execution-store.ts'
import { invalidCursor } from './list-cursor.ts'
import type { Database, Tables } from './database.ts'
import { hasEnded } from './execution-row.ts'
import { insertMessage } from './inbox.ts'
import { decodePayload, decodeText, encodePayload } from './payload.ts'
import type { WakeUps } from './wake-ups.ts'

/** Part of an approval that is stored as payload. */
type ApprovalPayload = Pick<RequestedApproval, 'tool' | 'input' | 'reason'>

const statusOf = { approve: 'approved', reject: 'rejected', respond: 'responded' } as const satisfies Record<
  DecisionMade['decision']['decision'],
  ApprovalStatus
>

/** Returns the payload that is stored for an approval. */
export function approvalPayload({ tool, input, reason }: RequestedApproval): string {
  return encodePayload({ tool, input, reason } satisfies ApprovalPayload)
}

/**
 * Decides about a pending approval, under the lock of the execution's row: of several decisions about one call, one is made.
 * The decision and the message to the runner are committed together. Returns undefined if there is no such approval.
 */
export async function decideApproval(
  db: Database,
  wakeUps: WakeUps,
  { tenant, id, decision }: { readonly tenant: string; readonly id: string; readonly decision: NewDecision },
): Promise<Decided | undefined> {
  const { call, inputHash, made } = decision
  return db.transaction().execute(async (trx) => {
    const execution = await trx
      .selectFrom('executions')
      .select(['key', 'id', 'label', 'status', 'node'])
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (execution === undefined) return undefined
    const { key } = execution
    const row = await trx
      .selectFrom('approvals')
      .selectAll()
      .select(sql<boolean>`coalesce(expires_at <= now(), false)`.as('is_late'))
      .where('key', '=', key)
      .where('call', '=', call)
      .executeTakeFirst()
    if (row === undefined) return undefined
    const approval = approvalOf({ ...row, id: execution.id, label: execution.label })
    if (row.input_hash !== inputHash) return { type: 'refused', approval }
    if (row.status !== 'pending' || row.is_late || hasEnded(execution)) {
      const isRepeated = isDeepStrictEqual(approval.decided?.made.decision, made.decision)
      return { type: isRepeated ? 'repeated' : 'refused', approval }
    }
    const status = statusOf[made.decision.decision]
    const { decided_at } = await trx
      .updateTable('approvals')
      .set({ status, decision: encodePayload(made), decided_at: sql`now()` })
      .where('number', '=', row.number)
      .returning(sql<Date>`decided_at`.as('decided_at'))
      .executeTakeFirstOrThrow()
    await insertMessage(trx, wakeUps, { ...execution, tenant, message: { kind: 'decision', call, made } })
    return { type: 'decided', approval: { ...approval, status, decided: { made, at: decided_at.getTime() } } }
  })
}

/** Returns a page of the tenant's approvals, oldest first. */
export async function listApprovals(
  db: Database,
  tenant: string,
  { owner, status, executionId, limit, cursor }: ApprovalListOptions,
): Promise<ApprovalPage> {
  let query = db
    .selectFrom('approvals')
    .innerJoin('executions', 'executions.key', 'approvals.key')
    .selectAll('approvals')
    .select(['executions.id', 'executions.label'])
    .where('approvals.tenant', '=', tenant)
    .orderBy('approvals.number')
    .limit(limit + 1)
  if (owner !== undefined) query = query.where('approvals.owner', '=', owner)
  if (status !== undefined) query = query.where('approvals.status', '=', status)
  if (executionId !== undefined) query = query.where('executions.id', '=', executionId)
  if (cursor !== undefined) query = query.where('approvals.number', '>', numberOf(cursor))
  const rows = await query.execute()
  const items = rows.slice(0, limit).map(approvalOf)
  const last = rows[limit - 1]
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last.number) : null }
}

type ApprovalRow = Selectable<Tables['approvals']> & { readonly id: string; readonly label: string | null }

function approvalOf(row: ApprovalRow): StoredApproval {
  const { tool, input, reason } = decodePayload(row.payload) as ApprovalPayload
  return {
    executionId: row.id,
    call: row.call,
    tool,
    input,
    inputHash: row.input_hash,
    owner: row.owner,
    status: row.status,
    requestedAt: row.requested_at.getTime(),
    ...(reason !== undefined && { reason }),
    ...(row.label !== null && { label: decodeText(row.label) }),
    ...(row.expires_at !== null && { expiresAt: row.expires_at.getTime() }),
    ...(row.decision !== null &&
      row.decided_at !== null && {
        decided: { made: decodePayload(row.decision) as DecisionMade, at: row.decided_at.getTime() },
      }),
  }
}

const cursorOf = (number: string): string => Buffer.from(`approval ${number}`).toString('base64url')

function numberOf(cursor: string): string {
  const [, number] = /^approval (\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (number === undefined) throw invalidCursor()
  return number
}
