/**
 * An agent loop in which a tool call that waits for an approval is a normal result: the model is told that it waits, the
 * conversation goes on, and the value is added to it when somebody has decided.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode, tool, type ExecutionResult } from '@codemode/client'

interface Message {
  readonly role: 'user' | 'assistant' | 'tool'
  readonly text: string
}

const executorUrl = env['CODEMODE_EXECUTOR_URL'] ?? ''
const refund = tool({ requiresApproval: true, execute: ({ order }: { order: number }) => `refunded order ${order}` })
await using codemode = Codemode.fromClientConfig({
  executorUrl,
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: { refund, orders: () => [17, 18] },
})

/** Stands in for a language model: returns code to run, or an answer. */
function model(messages: readonly Message[]): { readonly code: string } | { readonly answer: string } {
  const last = messages.at(-1)!
  if (last.role === 'user')
    return { code: 'const [first] = await tools.orders(); return tools.refund({ order: first })' }
  return { answer: last.text.startsWith('waiting') ? 'Your refund waits for an approval.' : `Done: ${last.text}.` }
}

/** Returns the text of a result for the model. A paused execution is no failure: its code must not run again. */
function textFor(result: ExecutionResult): string {
  if (result.status === 'paused')
    return `waiting for an approval of ${result.approvals.map(({ tool: name }) => name).join()}`
  return result.success ? JSON.stringify(result.result) : `failed: ${result.error.message}`
}

const messages: Message[] = [{ role: 'user', text: 'Refund my first order.' }]
/** Ids of the executions that wait, to be kept with the conversation. */
const waiting: string[] = []

/** Lets the model act until it answers. */
async function turn(): Promise<string> {
  for (;;) {
    const step = model(messages)
    if ('answer' in step) return step.answer
    messages.push({ role: 'assistant', text: step.code })
    const result = await codemode.run(step.code)
    if (result.status === 'paused') waiting.push(result.executionId)
    messages.push({ role: 'tool', text: textFor(result) })
  }
}

assert.equal(await turn(), 'Your refund waits for an approval.')

// Somebody decides, at another time and place.
await using approver = Codemode.fromClientConfig({ executorUrl, executorApiKey: env['CODEMODE_APPROVER_API_KEY'] })
for await (const approval of approver.listApprovals({ status: 'pending', executionId: waiting[0] })) {
  await approver.decide(approval, { approve: true })
}

for (const executionId of waiting) messages.push({ role: 'tool', text: textFor(await codemode.resume(executionId)) })
const answer = await turn()
assert.equal(answer, 'Done: "refunded order 17".')
console.log(answer)
