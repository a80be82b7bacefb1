/** A rejection whose reason the code handles: it is an error of the tool call, and the code goes on. */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { ApprovalPendingError, Codemode, tool } from '@codemode/client'

const executorUrl = env['CODEMODE_EXECUTOR_URL'] ?? ''
const deleted: string[] = []
const remove = tool({ requiresApproval: true, execute: ({ file }: { file: string }) => deleted.push(file) })

await using codemode = Codemode.fromClientConfig({
  executorUrl,
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: { remove },
})
await using approver = Codemode.fromClientConfig({ executorUrl, executorApiKey: env['CODEMODE_APPROVER_API_KEY'] })

const code = `
  try {
    await tools.remove({ file: 'ledger.csv' })
    return 'removed'
  } catch (error) {
    if (error.code !== 'TOOL_REJECTED') throw error
    return 'kept, because ' + error.data.reason
  }`

try {
  await codemode.executeAsync(code)
  assert.fail('the call waits for an approval')
} catch (error) {
  if (!(error instanceof ApprovalPendingError)) throw error
  for (const approval of error.approvals) await approver.decide(approval, { reject: 'the audit needs it' })
  const result = await codemode.resume<string>(error.executionId)
  assert(result.success)
  assert.equal(result.result, 'kept, because the audit needs it')
  assert.deepEqual(deleted, [])
  console.log(result.result)
}
