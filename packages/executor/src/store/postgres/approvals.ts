import type { ApprovalStatus } from '@codemode/shared'
import { sql, type Selectable } from 'kysely'

import {
  isSameDecision,
  type ApprovalListOptions,
  type ApprovalPage,
  type Decided,
  type DecisionMade,
  type NewDecision,
  type RequestedApproval,
  type StoredApproval,
} from '../stored-approval.ts'
import { invalidCursor } from '../list-cursor.ts'
import type { Tables } from './database.ts'
import { hasEnded } from './execution-row.ts'
import { insertMessage } from './inbox.ts'
import { decodeText, isUnreadable, type Payloads } from './payload.ts'
import type { ReadingParts, StoreParts } from './store-parts.ts'

/** Part of an approval that is stored as payload. */
type ApprovalPayload = Pick<RequestedApproval, 'tool' | 'input' | 'reason'>

const statusOf = { approve: 'approved', reject: 'rejected', respond: 'responded' } as const satisfies Record<
  DecisionMade['decision']['decision'],
  ApprovalStatus
>

/** Requested approval with its payload. */
export type StoredRequest = Omit<RequestedApproval, keyof ApprovalPayload> & { readonly payload: string }

/** Returns a requested approval as it is stored. */
export function storedRequest(
  payloads: Payloads,
  { tenant, id, request }: { readonly tenant: string; readonly id: string; readonly request: RequestedApproval },
): StoredRequest {
  const { tool, input, reason, ...rest } = request
  const place = { tenant, id, kind: 'approval', position: rest.call } as const
  return { ...rest, payload: payloads.encode({ tool, input, reason } satisfies ApprovalPayload, place) }
}

/**
 * Decides about a pending approval, under the lock of the execution's row: of several decisions about one call, one is made.
 * The decision and the message to the runner are committed together. Returns undefined if there is no such approval.
 */
export async function decideApproval(
  { db, ...parts }: StoreParts,
  { tenant, id, decision }: { readonly tenant: string; readonly id: string; readonly decision: NewDecision },
): Promise<Decided | undefined> {
  const { call, inputHash, made } = decision
  return db.transaction().execute(async (trx) => {
    const execution = await trx
      .selectFrom('executions')
      .select(['key', 'label', 'status', 'node'])
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
    const approval = approvalOf({ ...row, id, label: execution.label }, parts.payloads)
    if (row.input_hash !== inputHash) return { type: 'refused', approval }
    if (row.status !== 'pending' || row.is_late || hasEnded(execution)) {
      const isRepeated = isSameDecision(approval.decided?.made, made)
      return { type: isRepeated ? 'repeated' : 'refused', approval }
    }
    const status = statusOf[made.decision.decision]
    const { decided_at } = await trx
      .updateTable('approvals')
      .set({
        status,
        decision: parts.payloads.encode(made, { tenant, id, kind: 'decision', position: call }),
        decided_at: sql`now()`,
      })
      .where('number', '=', row.number)
      .returning(sql<Date>`decided_at`.as('decided_at'))
      .executeTakeFirstOrThrow()
    await insertMessage(trx, parts, { ...execution, tenant, id, message: { kind: 'decision', call, made } })
    return { type: 'decided', approval: { ...approval, status, decided: { made, at: decided_at.getTime() } } }
  })
}

/** Returns a page of the tenant's approvals. */
export async function listApprovals(
  { db, payloads }: ReadingParts,
  tenant: string,
  { owner, status, executionId, order, limit, cursor }: ApprovalListOptions,
): Promise<ApprovalPage> {
  let query = db
    .selectFrom('approvals')
    .innerJoin('executions', 'executions.key', 'approvals.key')
    .selectAll('approvals')
    .select(['executions.id', 'executions.label'])
    .where('approvals.tenant', '=', tenant)
    .orderBy('approvals.number', order === 'newest' ? 'desc' : 'asc')
    .limit(limit + 1)
  if (owner !== undefined) query = query.where('approvals.owner', '=', owner)
  if (status !== undefined) query = query.where('approvals.status', '=', status)
  if (executionId !== undefined) query = query.where('executions.id', '=', executionId)
  if (cursor !== undefined) query = query.where('approvals.number', order === 'newest' ? '<' : '>', numberOf(cursor))
  const rows = await query.execute()
  const items = rows.slice(0, limit).map((row) => listedApprovalOf(row, payloads))
  const last = rows[limit - 1]
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last.number) : null }
}

type ApprovalRow = Selectable<Tables['approvals']> & { readonly id: string; readonly label: string | null }

/** Returns an approval for a list, in which one that cannot be decrypted must not hide the others. */
function listedApprovalOf(row: ApprovalRow, payloads: Payloads): StoredApproval {
  try {
    return approvalOf(row, payloads)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return { ...readablePartOf(row), tool: '(unreadable)', input: 'null', reason: unreadableReason }
  }
}

const unreadableReason = 'The approval is stored encrypted, and cannot be decrypted now.'

function approvalOf(row: ApprovalRow, payloads: Payloads): StoredApproval {
  const { tenant, id, call } = row
  const place = { tenant, id, position: call }
  const { tool, input, reason } = payloads.decode(row.payload, { ...place, kind: 'approval' }) as ApprovalPayload
  return {
    ...readablePartOf(row),
    tool,
    input,
    ...(reason !== undefined && { reason }),
    ...(row.decision !== null &&
      row.decided_at !== null && {
        decided: {
          made: payloads.decode(row.decision, { ...place, kind: 'decision' }) as DecisionMade,
          at: row.decided_at.getTime(),
        },
      }),
  }
}

/** Returns what is not encrypted. */
function readablePartOf(row: ApprovalRow): Omit<StoredApproval, keyof ApprovalPayload> {
  return {
    executionId: row.id,
    call: row.call,
    inputHash: row.input_hash,
    owner: row.owner,
    status: row.status,
    requestedAt: row.requested_at.getTime(),
    ...(row.label !== null && { label: decodeText(row.label) }),
    ...(row.expires_at !== null && { expiresAt: row.expires_at.getTime() }),
  }
}

const cursorOf = (number: string): string => Buffer.from(`approval ${number}`).toString('base64url')

function numberOf(cursor: string): string {
  const [, number] = /^approval (\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (number === undefined) throw invalidCursor()
  return number
}
