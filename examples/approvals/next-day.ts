/**
 * A payment that another process approves the next day, with another amount. Three commands, each a process of its own:
 * `ask` runs the code until it waits for the approval and prints the id of the execution, with which `approve` decides, and
 * `resume` makes the payment and gets the value.
 */
import assert from 'node:assert/strict'
import { argv, env } from 'node:process'

import { ApprovalPendingError, Codemode, tool } from '@codemode/client'

const [command, executionId = ''] = argv.slice(2)

const pay = tool({
  inputSchema: { type: 'object', properties: { amount: { type: 'number', maximum: 1_000 } }, required: ['amount'] },
  requiresApproval: ({ amount }: { amount: number }) => amount > 100 && { reason: `${amount} EUR is above the limit` },
  execute: ({ amount }: { amount: number }, { callId }) => ({ paid: amount, receipt: callId }),
})

const connect = (executorApiKey: string | undefined) =>
  Codemode.fromClientConfig({ executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? '', executorApiKey, tools: { pay } })

async function ask(): Promise<void> {
  await using codemode = connect(env['CODEMODE_EXECUTOR_API_KEY'])
  const code = 'return [await tools.pay({ amount: 50 }), await tools.pay({ amount: 900 })]'
  const error: unknown = await codemode.executeAsync(code, { label: 'invoice 17' }).catch((thrown: unknown) => thrown)
  assert(error instanceof ApprovalPendingError)
  console.log(`waiting: ${error.executionId}`)
}

async function approve(): Promise<void> {
  await using codemode = connect(env['CODEMODE_APPROVER_API_KEY'])
  for await (const approval of codemode.listApprovals({ status: 'pending', executionId })) {
    assert.equal(approval.reason, '900 EUR is above the limit')
    await codemode.decide(approval, { approve: true, input: { amount: 850 }, note: 'less the discount' })
    console.log(`approved: ${approval.tool} of ${approval.label}`)
  }
}

async function resume(): Promise<void> {
  await using codemode = connect(env['CODEMODE_EXECUTOR_API_KEY'])
  const result = await codemode.resume(executionId)
  assert(result.success)
  assert.deepEqual(result.result, [
    { paid: 50, receipt: `${executionId}:1` },
    { paid: 850, receipt: `${executionId}:2` },
  ])
  console.log('paid: 50 and 850')
}

const commands = new Map([
  ['ask', ask],
  ['approve', approve],
  ['resume', resume],
])
await commands.get(command ?? '')?.()
