import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { ToolCallMessage } from '@codemode/shared'

import type { OutgoingCall } from './transport.ts'

/** Request that a tool server received. */
export interface Received {
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Starts a real tool server on this machine, which keeps its requests and answers as the test decides. */
export async function toolServer(answer: (outgoing: ServerResponse, received: Received, nth: number) => void) {
  const received: Received[] = []
  const server = createServer((incoming, outgoing) => {
    let text = ''
    incoming.on('data', (chunk: Buffer) => (text += chunk.toString()))
    incoming.on('end', () => {
      received.push({ headers: incoming.headers, text })
      answer(outgoing, received.at(-1)!, received.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tools`,
    received,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

interface Times {
  createdAt: string
  sentAt: string
}

/** Returns the n-th call of an execution. */
export function callMessage(n = 1, input: ToolCallMessage['input'] = { city: 'Oslo' }): ToolCallMessage & Times {
  return {
    type: 'tool.call',
    executionId: 'exe_1',
    callId: `exe_1:${n}`,
    tool: 'weather',
    input,
    context: { clientId: 'c1' },
    correlationId: 'cor_0123456789abcdef',
    deadline: '2030-01-01T00:00:00.000Z',
    createdAt: '2029-12-31T23:59:00.000Z',
    sentAt: '2029-12-31T23:59:30.000Z',
  }
}

/** Returns the n-th call of an execution in the form that a transport takes. */
export function outgoingCall(...of: Parameters<typeof callMessage>): OutgoingCall {
  const { type: _, input, context, ...ids } = callMessage(...of)
  return { ...ids, input: JSON.stringify(input), context: JSON.stringify(context) }
}
