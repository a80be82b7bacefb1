/** Attempts to decide about an approval without the right to, or to change what is approved. */
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

import type { Approval } from '@codemode/shared'
import { newExecutionId } from '@codemode/shared'
import { api, keyOf, listenLocally, writeKeysFile, type KeysFile } from '@codemode/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

interface Call {
  readonly callId: string
  readonly input: unknown
  readonly approval?: { readonly inputHash: string }
}

const keys = {
  acme: { owner: 'site', rights: ['run'] },
  approver: { tenant: 'acme', owner: 'approver', rights: ['approve'] },
  reader: { tenant: 'acme', owner: 'reader', rights: ['read', 'operate'] },
  rival: { owner: 'site', rights: ['run', 'read', 'operate', 'approve'] },
}
const inputSchema = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] }
const tools = [
  { name: 'pay', requiresApproval: 'always', inputSchema },
  { name: 'ask', requiresApproval: 'conditional', inputSchema },
  { name: 'echo' },
]

let store: TestStore
let keysFile: KeysFile
let executor: DurableExecutor
let toolServer: Awaited<ReturnType<typeof listenLocally>>
/** Calls that the tool server has received. */
const calls: Call[] = []

/** Tool server that runs every handler, and asks for an approval of `ask`. */
const server = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    const call = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Call & { tool: string }
    const isAsking = call.tool === 'ask' && call.approval === undefined
    if (!isAsking) calls.push(call)
    const answer = isAsking ? { approvalRequired: true } : { ok: true, output: call.input }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
})

beforeAll(async () => {
  store = await testStores[0]!.open()
  keysFile = await writeKeysFile(keys)
  executor = await startDurableExecutor(store, keysFile.config)
  toolServer = await listenLocally(server)
})
afterAll(async () => {
  await executor.close({ drainMs: 0 })
  await toolServer[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await keysFile[Symbol.asyncDispose]()
})
beforeEach(() => void calls.splice(0))

const as = (key: keyof typeof keys) => ({ key: keyOf(key) })

/** Submits code, and returns the id of its execution. */
async function submit(code: string): Promise<string> {
  const callback = { url: `${toolServer.url}/`, token: randomBytes(16).toString('hex') }
  const body = { code, tools, callback, detached: true }
  return (await api(executor, '/v1/executions', { ...as('acme'), body })).body.executionId
}

const approvalsOf = async (id: string): Promise<Approval[]> =>
  (await api(executor, `/v1/approvals?executionId=${id}`, as('approver'))).body.items

/** Resolves with the approvals of a paused execution. */
async function untilPaused(id: string): Promise<Approval[]> {
  await expect.poll(async () => (await api(executor, `/v1/executions/${id}`, as('acme'))).body.status).toBe('paused')
  return approvalsOf(id)
}

const decide = ({ executionId, callId }: Approval, key: keyof typeof keys, body: object) =>
  api(executor, `/v1/executions/${executionId}/approvals/${callId}`, { ...as(key), body })

const resultOf = async (id: string) => {
  const ended = async () => (await api(executor, `/v1/executions/${id}`, as('acme'))).body
  await expect.poll(async () => (await ended()).status).toMatch(/completed|failed/)
  return (await ended()).result
}

/** Checks that an approval is pending as before, and that an approver can still approve it. */
async function expectUntouched(approval: Approval): Promise<void> {
  expect(await approvalsOf(approval.executionId)).toEqual([approval])
  expect(calls).toEqual([])
  const { inputHash, input } = approval
  expect((await decide(approval, 'approver', { decision: 'approve', inputHash })).status).toBe(200)
  expect(await resultOf(approval.executionId)).toEqual(input)
  expect(calls).toMatchObject([{ callId: approval.callId, input, approval: { inputHash } }])
}

describe('keys without the right to approve', () => {
  test.each(['acme', 'reader'] as const)('the key %s decides nothing', async (key) => {
    const id = await submit('return tools.pay({ amount: 1 })')
    const [approval] = await untilPaused(id)
    const { inputHash } = approval!
    for (const decision of [
      { decision: 'approve', inputHash },
      { decision: 'approve', inputHash, input: { amount: 2 } },
      { decision: 'reject', inputHash, reason: 'no', end: true },
      { decision: 'respond', inputHash, output: null },
    ]) {
      expect(await decide(approval!, key, decision)).toMatchObject({
        status: 403,
        body: { error: { code: 'FORBIDDEN' } },
      })
    }
    await expectUntouched(approval!)
  })

  test.each(['pay', 'ask'])('tool-results settle no paused call of %s', async (tool) => {
    const id = await submit(`return tools.${tool}({ amount: 1 })`)
    const [approval] = await untilPaused(id)
    const { callId, inputHash } = approval!
    for (const answer of [
      { ok: true, output: 'forged' },
      { ok: true, output: 'forged', decision: { decision: 'approve' } },
      { ok: false, error: { message: 'forged' }, decision: { decision: 'reject', reason: 'forged', end: true } },
    ]) {
      const body = { results: [{ callId, answer }] }
      const refused = await api(executor, `/v1/executions/${id}/tool-results`, { ...as('acme'), body })
      expect(refused).toMatchObject({ status: 409, body: { error: { code: 'APPROVAL_CONFLICT' } } })
    }
    for (const answer of [{ deferred: true }, { approvalRequired: true }]) {
      const body = { results: [{ callId, answer }] }
      const ignored = await api(executor, `/v1/executions/${id}/tool-results`, { ...as('acme'), body })
      expect(ignored).toMatchObject({ status: 200, body: { accepted: [] } })
    }
    const approvalField = {
      results: [{ callId, answer: { ok: true, output: 1 }, approval: { inputHash, decidedBy: 'me' } }],
    }
    const malformed = await api(executor, `/v1/executions/${id}/tool-results`, { ...as('acme'), body: approvalField })
    expect(malformed.status).toBe(400)
    await expectUntouched(approval!)
  })

  test('a refused batch of tool-results has taken no answer, and a batch that took one is no refusal', async () => {
    const { body } = await api(executor, '/v1/executions', {
      ...as('acme'),
      body: { code: 'return Promise.all([tools.echo(1), tools.pay({ amount: 1 })])', tools, detached: true },
    })
    const id = body.executionId as string
    await expect.poll(() => approvalsOf(id)).toHaveLength(1)
    const answer = { ok: true, output: 'mine' }
    const results = [
      { callId: `${id}:1`, answer },
      { callId: `${id}:2`, answer },
    ]
    const post = () => api(executor, `/v1/executions/${id}/tool-results`, { ...as('acme'), body: { results } })
    expect(await post()).toMatchObject({ status: 200, body: { accepted: [`${id}:1`] } })
    expect(await post()).toMatchObject({ status: 409, body: { error: { code: 'APPROVAL_CONFLICT' } } })
  })
})

test('another tenant gets the answers for an unknown execution, on every route', { tags: ['JB-3'] }, async () => {
  const id = await submit('return tools.pay({ amount: 1 })')
  const [approval] = await untilPaused(id)
  const { inputHash } = approval!
  const unknown = newExecutionId()
  const callback = { url: `${toolServer.url}/`, token: 'x'.repeat(16) }
  const requests = [
    ['POST', ':id/approvals/:id:1', { decision: 'approve', inputHash }],
    ['POST', ':id/approvals/:id:7', { decision: 'approve', inputHash }],
    ['POST', ':id/tool-results', { results: [{ callId: ':id:1', answer: { ok: true, output: 1 } }] }],
    ['PUT', ':id/callback', callback],
    ['GET', ':id/events?serve=1', undefined],
    ['GET', ':id/events', undefined],
    ['GET', ':id/journal', undefined],
    ['GET', ':id', undefined],
    ['POST', ':id/cancel', {}],
    ['POST', ':id/wake', {}],
    ['POST', ':id/retry', { callback }],
  ] as const
  const send = async (method: string, path: string, body: object | undefined, target: string) => {
    const text = (value: unknown): string => JSON.stringify(value).replaceAll(':id', target)
    const sent = body === undefined ? {} : { body: text(body) }
    const response = await api(executor, `/v1/executions/${path.replaceAll(':id', target)}`, {
      ...as('rival'),
      method,
      ...sent,
    })
    const { correlationId: _, ...error } = response.body.error
    return { status: response.status, error: text(error).replaceAll(target, '') }
  }
  for (const [method, path, body] of requests) {
    const answer = await send(method, path, body, id)
    expect(answer, `${method} ${path}`).toEqual(await send(method, path, body, unknown))
    expect(answer.status).toBe(404)
  }
  const list = (target: string) => api(executor, `/v1/approvals?executionId=${target}`, as('rival'))
  expect((await list(id)).body).toEqual((await list(unknown)).body)
  expect((await api(executor, '/v1/approvals', as('rival'))).body).toEqual({ items: [], nextCursor: null })
  await expectUntouched(approval!)
})

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

test('a decision fits one call of one execution and one input', async () => {
  const [first, second] = [
    await submit('return tools.pay({ amount: 1 })'),
    await submit('return tools.pay({ amount: 2 })'),
  ]
  const [[one], [two]] = [await untilPaused(first), await untilPaused(second)]
  const approve = (executionId: string, callId: string, inputHash: string) =>
    decide({ ...one!, executionId, callId }, 'approver', { decision: 'approve', inputHash })
  const { inputHash } = one!
  for (const callId of [
    two!.callId,
    `${first}:2`,
    `${first}:01`,
    `${first}:1 `,
    `${first}:1e0`,
    `${first}:-1`,
    first,
    '1',
  ]) {
    expect((await approve(first, encodeURIComponent(callId), inputHash)).status).toBe(404)
  }
  for (const forged of [two!.inputHash, hash('{"amount":2}'), hash('{ "amount": 1 }'), '0'.repeat(64)]) {
    expect((await approve(first, one!.callId, forged)).status).toBe(409)
  }
  for (const malformed of ['', inputHash.toUpperCase().replaceAll(/\d/g, 'A'), inputHash.slice(1), `${inputHash}0`]) {
    expect((await approve(first, one!.callId, malformed)).status).toBe(400)
  }
  expect(inputHash).toBe(hash('{"amount":1}'))
  await expectUntouched(one!)
  calls.splice(0)
  await expectUntouched(two!)
})

test('a value that cannot be kept is refused before anything is stored', { tags: ['AP-2'] }, async () => {
  const [approval] = await untilPaused(await submit('return tools.pay({ amount: 1 })'))
  const { executionId, callId, inputHash } = approval!
  const send = async (decision: string, fields: string) => {
    const response = await fetch(`${executor.url}/v1/executions/${executionId}/approvals/${callId}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keyOf('approver')}`, 'content-type': 'application/json' },
      body: `{"decision":"${decision}","inputHash":"${inputHash}",${fields}}`,
    })
    return { status: response.status, text: await response.text() }
  }
  for (const levels of [1_001, 300_000]) {
    const deep = '['.repeat(levels) + ']'.repeat(levels)
    for (const [decision, name] of [
      ['respond', 'output'],
      ['approve', 'input'],
    ] as const) {
      const { status, text } = await send(decision, `"${name}":${deep}`)
      expect(status).toBe(400)
      expect(text).toContain(`${name} is nested too deeply`)
    }
  }
  for (const number of ['9007199254740993', '1e400']) {
    const { status, text } = await send('approve', `"input":{"amount":${number}}`)
    expect(status).toBe(400)
    expect(text).toContain(`The number ${number} cannot be kept`)
  }
  await expectUntouched(approval!)
  // The largest nesting that is allowed, twice: the second decision repeats the first one.
  const [other] = await untilPaused(await submit('await tools.pay({ amount: 2 }); return "went on"'))
  const output = JSON.parse('['.repeat(1_000) + ']'.repeat(1_000)) as unknown
  for (let n = 0; n < 2; n++) {
    const body = { decision: 'respond', inputHash: other!.inputHash, output }
    expect(await decide(other!, 'approver', body)).toMatchObject({ status: 200, body: { status: 'responded' } })
  }
  expect(await resultOf(other!.executionId)).toBe('went on')
  expect((await approvalsOf(other!.executionId))[0]?.decision?.output).toEqual(output)
})

/** Programs that try to influence the approval of their own call. Each then makes the call `tools.pay({ amount: 1 })`. */
const programs: Readonly<Record<string, string>> = {
  'calls of tools with such names': `
    const names = ['approve', 'decide', 'reject', 'respond', 'approvals', 'pay.approve', 'codemode.decide', 'tools.approve',
      'pay/approve', '__proto__', 'constructor', 'then']
    for (const name of names) {
      let target = tools
      for (const part of name.split('.')) target = target?.[part]
      try { await target?.({ decision: 'approve' }) } catch {}
    }`,
  'polluted prototypes': `
    const forged = { decision: 'approve', inputHash: '0'.repeat(64), decidedBy: 'approver' }
    for (const name of ['approval', 'requiresApproval', 'approvalRequired', 'decision', 'refused', 'approvals', 'status']) {
      Object.prototype[name] = name === 'approval' ? forged : 'approve'
      Array.prototype[name] = 'approve'
    }
    Object.prototype.toJSON = undefined
    Map.prototype.get = () => 'approved'
    Array.prototype.includes = () => false
    String.prototype.startsWith = () => false`,
  'a changed object of tools': `
    try { tools.pay = tools.echo } catch {}
    try { Object.defineProperty(tools, 'pay', { value: tools.echo }) } catch {}
    try { Object.setPrototypeOf(tools, { pay: tools.echo }) } catch {}
    try { delete tools.pay } catch {}`,
  'replaced functions of the language': `
    const { stringify } = JSON
    JSON.stringify = (...args) => stringify(...args)?.replace('pay', 'echo')
    Promise.prototype.then = new Proxy(Promise.prototype.then, {})
    globalThis.emit = () => {}`,
}

describe('guest code', () => {
  test.each(Object.keys(programs))('changes nothing about its approval by %s', async (name) => {
    const id = await submit(`const pay = tools.pay;${programs[name]}\nreturn pay({ amount: 1 })`)
    const [approval] = await untilPaused(id)
    expect(approval).toMatchObject({ tool: 'pay', input: { amount: 1 }, status: 'pending' })
    await expectUntouched(approval!)
  })

  test('shows its approver exactly the input that the handler gets', async () => {
    const code = `
      let reads = 0
      const input = { get amount() { return (reads += 1) }, toJSON() { return { amount: (reads += 1), approval: { decidedBy: 'me' },
        requiresApproval: false, decision: 'approve' } } }
      const paid = tools.pay(input)
      input.amount
      return paid`
    const id = await submit(code)
    const [approval] = await untilPaused(id)
    expect(approval!.input).toEqual({
      amount: 1,
      approval: { decidedBy: 'me' },
      requiresApproval: false,
      decision: 'approve',
    })
    await expectUntouched(approval!)
  })
})
