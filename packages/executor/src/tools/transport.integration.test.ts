// Behaviour of tool calls that is the same over every transport.
import type { ToolAnswer } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { createLogger } from '../log.ts'
import { createCallbackGuard } from './callback-guard.ts'
import { createCallbackTransport } from './callback-transport.ts'
import { createStreamTransport } from './stream-transport.ts'
import { TenantAgents } from './tenant-agents.ts'
import { outgoingCall, toolServer } from './tool-server.test-support.ts'
import type { ToolTransport } from './transport.ts'

type Answering = (input: unknown) => ToolAnswer | undefined

const ways: Record<string, (answering: Answering) => Promise<ToolTransport & AsyncDisposable>> = {
  async callback(answering) {
    const server = await toolServer((outgoing, { text }) => {
      const answer = answering((JSON.parse(text) as { input: unknown }).input)
      if (answer !== undefined) outgoing.end(JSON.stringify(answer))
    })
    const guard = createCallbackGuard({ origins: [], allowLoopback: true })
    const agents = new TenantAgents({ createAgent: () => guard.createAgent() })
    const callback = { url: server.url, token: 't'.repeat(16) }
    const transport = createCallbackTransport({
      callback,
      tenant: 'acme',
      agents,
      logger: createLogger({ level: 'silent' }),
    })
    return { ...transport, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  },
  async stream(answering) {
    const transport = createStreamTransport()
    return {
      call(message, signal) {
        const called = transport.call(message, signal)
        const answer = answering(JSON.parse(message.input))
        if (answer !== undefined) queueMicrotask(() => transport.answer(message.callId, answer))
        return called
      },
      async [Symbol.asyncDispose]() {},
    }
  },
}

describe.each(Object.entries(ways))('a tool call by %s', (_, way) => {
  const never = new AbortController().signal

  test('resolves with the output or the failure that the tool returned', async () => {
    const failure: ToolAnswer = { ok: false, error: { message: 'no', code: 'E1', data: { a: [null] } } }
    await using transport = await way((input) =>
      input === 'fail' ? failure : { ok: true, output: { input } as never },
    )
    expect(await transport.call(outgoingCall(1, 'x'), never)).toEqual({ ok: true, output: { input: 'x' } })
    expect(await transport.call(outgoingCall(2, 'fail'), never)).toEqual(failure)
  })

  test('gets its own answer among many concurrent calls', async () => {
    await using transport = await way((input) => ({ ok: true, output: input as number }))
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => transport.call(outgoingCall(n + 1, n), never)),
    )
    expect(answers).toEqual(Array.from({ length: 50 }, (_, output) => ({ ok: true, output })))
  })

  test('ends when it is aborted, and never rejects', async () => {
    const controller = new AbortController()
    await using transport = await way(() => {
      controller.abort()
      return undefined
    })
    const cancelled = { ok: false, error: { code: 'TOOL_CANCELLED' } }
    expect(await transport.call(outgoingCall(1), AbortSignal.abort())).toMatchObject(cancelled)
    expect(await transport.call(outgoingCall(2), controller.signal)).toMatchObject(cancelled)
  })
})

describe('an answer over the stream', () => {
  const first: ToolAnswer = { ok: true, output: 1 }

  test('is accepted once, and only for an open call', async () => {
    const transport = createStreamTransport()
    expect(transport.answer('exe_1:1', first)).toBe(false)
    const called = transport.call(outgoingCall(1), new AbortController().signal)
    expect(transport.answer('exe_1:2', first)).toBe(false)
    expect(transport.answer('exe_1:1', first)).toBe(true)
    expect(transport.answer('exe_1:1', { ok: true, output: 2 })).toBe(false)
    expect(await called).toEqual(first)
  })

  test('is too late for an aborted call', async () => {
    const transport = createStreamTransport()
    const deadline = new AbortController()
    const called = transport.call(outgoingCall(1), deadline.signal)
    deadline.abort()
    expect(transport.answer('exe_1:1', first)).toBe(false)
    expect(await called).toMatchObject({ ok: false })
  })
})
