/** Two approvers who decide at once: the first decision counts, and the other one learns what was decided, by whom. */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode, ExecutorClientError, tool } from '@codemode/client'

const executorUrl = env['CODEMODE_EXECUTOR_URL'] ?? ''
const sent: string[] = []
const send = tool({ requiresApproval: true, execute: ({ to }: { to: string }) => sent.push(to) })
await using codemode = Codemode.fromClientConfig({
  executorUrl,
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: { send },
})
await using approver = Codemode.fromClientConfig({ executorUrl, executorApiKey: env['CODEMODE_APPROVER_API_KEY'] })

const result = await codemode.run('try { await tools.send({ to: "all" }) } catch (error) { return error.code }')
assert(result.status === 'paused')
const [approval] = result.approvals
assert(approval !== undefined)

const outcomes = await Promise.allSettled([
  approver.decide(approval, { approve: true }),
  approver.decide(approval, { reject: 'not to everybody' }),
])
const won = outcomes.find((outcome) => outcome.status === 'fulfilled')
const lost = outcomes.find((outcome) => outcome.status === 'rejected')
assert(won !== undefined && lost?.reason instanceof ExecutorClientError)
assert.equal(lost.reason.code, 'APPROVAL_CONFLICT')

// The same decision again is no conflict: a request may be repeated after a lost response.
const isApproved = won.value.status === 'approved'
const again = await approver.decide(approval, isApproved ? { approve: true } : { reject: 'not to everybody' })
assert.equal(again.status, won.value.status)

const ended = await codemode.resume(result.executionId)
assert(ended.success)
assert.deepEqual([ended.result, sent], isApproved ? [null, ['all']] : ['TOOL_REJECTED', []])
console.log(`${won.value.status}; the other approver got: ${lost.reason.message}`)
