/**
 * A tool whose answer comes later, by a webhook. The handler starts a job at a provider and defers its answer; the provider
 * calls back, and the webhook answers the tool call by its id, which it may do in any process.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { env } from 'node:process'
import { text } from 'node:stream/consumers'

import { Codemode, tool } from '@codemode/client'

/** Provider that renders a report and calls back; it would be another company's server. */
function render(callId: string): void {
  const body = JSON.stringify({ reference: callId, pages: 12 })
  setTimeout(() => void fetch(`http://127.0.0.1:${port}/rendered`, { method: 'POST', body }), 100)
}

const renderReport = tool({
  deferTimeoutMs: 3_600_000,
  execute: (_input, call) => {
    // The id is equal in repeated deliveries of the call, so the provider can use it as an idempotency key.
    render(call.callId)
    return call.defer()
  },
})

await using codemode = Codemode.fromClientConfig({
  executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? '',
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  tools: { renderReport },
})

const webhook = createServer((request, response) => {
  void (async () => {
    const { reference, pages } = JSON.parse(await text(request)) as { reference: string; pages: number }
    await codemode.answerToolCall(reference, { output: { pages } })
    response.end()
  })()
})
webhook.listen(0, '127.0.0.1')
await once(webhook, 'listening')
const { port } = webhook.address() as AddressInfo

const code = 'const { pages } = await tools.renderReport({ month: "May" }); return `${pages} pages`'
const execution = await codemode.submit(code, { detached: true, servedBy: 'resume', label: 'report' })
const result = await codemode.resume(execution.id)
assert(result.success)
assert.equal(result.result, '12 pages')
webhook.close()
console.log(`the report has ${result.result}`)
