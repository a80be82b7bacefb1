import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { ToolAnswer } from '@codemode/shared'
import type { Logger } from 'pino'

import { createCallbackGuard } from './callback-guard.ts'
import { createCallbackTransport } from './callback-transport.ts'
import { TenantAgents } from './tenant-agents.ts'
import type { OutgoingCall } from './transport.ts'

/** Number of calls after which further ones are no faster. */
const callCount = 3

const answer = JSON.stringify({ ok: true, output: null } satisfies ToolAnswer)

/**
 * Sends some tool calls to a tool server of its own on the loopback interface, because the first call of a process takes
 * several times as long as later ones, and no execution should wait for that. Rejects if the server can't listen, or if the
 * signal aborts before it does.
 */
export async function warmCallbacks({ logger, signal }: { logger: Logger; signal: AbortSignal }): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(answer))
  })
  stack.defer(() => server.close().closeAllConnections())
  await once(server.listen(0, '127.0.0.1'), 'listening', { signal })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const guard = createCallbackGuard({ origins: [origin], allowLoopback: false })
  const agents = stack.use(new TenantAgents({ createAgent: () => guard.createAgent() }))
  const callback = { url: origin, token: 'warm' }
  const transport = createCallbackTransport({ callback, tenant: 'warm', agents, logger })
  for (let number = 1; number <= callCount; number += 1) await transport.call(warmCall(number), signal)
}

function warmCall(number: number): OutgoingCall {
  const now = new Date().toISOString()
  const ids = { executionId: 'warm', callId: `warm:${number}`, correlationId: 'warm' }
  return { ...ids, tool: 'warm', input: '{}', context: '{}', deadline: now, createdAt: now, sentAt: now }
}
