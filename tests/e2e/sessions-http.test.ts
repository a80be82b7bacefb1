import { api, startExecutor } from '@codemode/testkit'
import type { RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, expect, test } from 'vitest'

let executor: RunningExecutor
beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

/** Creates a session, and returns what runs steps in it. */
async function newSession(request: object = {}) {
  const { body } = await api(executor, '/v1/sessions', { body: request })
  const path = `/v1/sessions/${body.sessionId}`
  return {
    path,
    id: body.sessionId as string,
    step: (code: string, more: object = {}) => api(executor, `${path}/steps`, { body: { code, ...more } }),
    read: () => api(executor, path),
  }
}

test('the steps of a session see the variables of earlier ones', { tags: ['SE-1'] }, async () => {
  const session = await newSession({ context: { user: 7 } })
  await session.step('const rate = 2; let total = 0; function add(n) { total += n * rate }')
  await session.step('add(input)', { input: 4 })
  const { body } = await session.step('[total, context.user]')
  expect(body).toMatchObject({ success: true, result: [8, 7], session: { id: session.id, step: 3, stateKept: true } })
  const { body: record } = await session.read()
  expect(record.variables).toEqual([
    { name: 'rate', kind: 'const' },
    { name: 'total', kind: 'let' },
    { name: 'add', kind: 'function' },
  ])
})

test('steps run in the order of acceptance, one at a time', { tags: ['SE-2', 'SE-5'] }, async () => {
  const session = await newSession()
  await session.step('const order = []')
  const steps = [30, 1, 20].map((ms, index) =>
    session.step(`order.push(${index}); await sleep(${ms}); order.push(${index})`, { priority: index }),
  )
  await Promise.all(steps)
  const { body } = await session.step('order')
  expect(body.result).toEqual([0, 0, 1, 1, 2, 2])
})

test(
  'a step that throws keeps what it has set; one that is stopped does not, and says so',
  { tags: ['SE-4'] },
  async () => {
    const session = await newSession()
    await session.step('let n = 1')
    expect((await session.step('n = 2; throw new Error("no")')).body.session.stateKept).toBe(true)
    const stopped = await session.step('n = 3; while (true) {}', { limits: { cpuTimeoutMs: 200 } })
    expect(stopped.body).toMatchObject({ error: { code: 'CPU_TIMEOUT' }, session: { stateKept: false } })
    expect((await session.step('n')).body.result).toBe(2)
  },
)

test('a step that is cancelled between two turns keeps what it has set', async () => {
  const session = await newSession()
  await session.step('let n = 1')
  const id = `exe_${crypto.randomUUID()}`
  const running = session.step('n = 2; await sleep(60_000); n = 3', { id })
  await expect.poll(async () => (await api(executor, `/v1/executions/${id}`)).body.status).toBe('waiting')
  await api(executor, `/v1/executions/${id}/cancel`, { body: {} })
  expect((await running).body).toMatchObject({ error: { code: 'CANCELLED' }, session: { stateKept: true } })
  expect((await session.step('n')).body.result).toBe(2)
})

test('a syntax error is answered while an earlier step still runs', { tags: ['SE-5'] }, async () => {
  const session = await newSession()
  const id = `exe_${crypto.randomUUID()}`
  const running = session.step('await sleep(60_000)', { id })
  await expect.poll(async () => (await api(executor, `/v1/executions/${id}`)).status).toBe(200)
  const { body } = await session.step('const = 1')
  expect(body.error).toMatchObject({ code: 'SYNTAX_ERROR' })
  await api(executor, `/v1/executions/${id}/cancel`, { body: {} })
  await running
})

test('a fork has the state after a step and is independent; a reset starts over', { tags: ['SE-6'] }, async () => {
  const session = await newSession()
  await session.step('let n = 1; const random = Math.random()')
  await session.step('n = 2')
  const { body: forked } = await api(executor, `${session.path}/fork`, { body: { atStep: 1 } })
  const inFork = (code: string) => api(executor, `/v1/sessions/${forked.sessionId}/steps`, { body: { code } })
  const [original, copy] = [await session.step('[n, random]'), await inFork('[n++, random]')]
  expect(copy.body.result).toEqual([1, original.body.result[1]])
  expect((await session.step('n')).body.result).toBe(2)
  const { body: reset } = await api(executor, `${session.path}/reset`, { body: {} })
  expect(reset).toMatchObject({ steps: 0, variables: [] })
  expect((await session.step('typeof n')).body.result).toBe('undefined')
  const before = await api(executor, `${session.path}/fork`, { body: { atStep: 1 } })
  expect(before).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
})

test('a fork goes on with the number after its last step, also if that was stopped', async () => {
  const session = await newSession()
  await session.step('let n = 1')
  await session.step('while (true) {}', { limits: { cpuTimeoutMs: 50 } })
  const { body: forked } = await api(executor, `${session.path}/fork`, { body: {} })
  const path = `/v1/sessions/${forked.sessionId}`
  await api(executor, `${path}/steps`, { body: { code: 'n' } })
  const { body: record } = await api(executor, path)
  expect(record.stepList.map(({ number }: { number: number }) => number)).toEqual([1, 2, 3])
})

test('the state survives the loss of the sandbox process', { tags: ['SE-6'] }, async () => {
  const session = await newSession()
  await session.step('let n = 41; const f = () => n + 1')
  // A step that uses up its memory ends its process.
  const lost = await session.step('const all = []; while (true) all.push(new Array(1e5).fill(all.length))')
  expect(lost.body).toMatchObject({ error: { code: 'MEMORY_LIMIT' }, session: { stateKept: false } })
  expect((await session.step('f()')).body.result).toBe(42)
})

test(
  'a session attaches by its id, expires when it is idle, and ends when it is deleted',
  { tags: ['SE-3'] },
  async () => {
    const session = await newSession({ idleTimeoutMs: 5_000 })
    await session.step('let n = 1')
    const again = await api(executor, '/v1/sessions', { body: { id: session.id } })
    expect(again.body).toMatchObject({ sessionId: session.id, steps: 1 })
    await expect.poll(async () => (await session.read()).body.error?.code).toBe('SESSION_EXPIRED')
    expect((await session.step('n')).body.error).toMatchObject({ code: 'SESSION_EXPIRED' })
    const other = await newSession()
    await api(executor, other.path, { method: 'DELETE' })
    expect((await other.read()).body.error).toMatchObject({ code: 'SESSION_EXPIRED' })
    const unknown = await api(executor, `/v1/sessions/ses_${crypto.randomUUID()}`)
    expect(unknown.status).toBe(404)
  },
)

test.each([
  ['context', { context: {} }],
  ['detached', { detached: true }],
  ['memoryLimitMb', { limits: { memoryLimitMb: 64 } }],
])('%s is no option of a step', async (name, more) => {
  const session = await newSession()
  const { status, body } = await session.step('1', more)
  expect([status, body.error.message]).toEqual([400, expect.stringContaining(name)])
})

test('pages of the list are stable, also when the last session of a page has ended', async () => {
  const label = crypto.randomUUID()
  const sessions = [await newSession({ label }), await newSession({ label }), await newSession({ label })]
  const list = (query: string) => api(executor, `/v1/sessions?label=${label}${query}`)
  const { body: first } = await list('&limit=1')
  expect(first.items.map((item: { sessionId: string }) => item.sessionId)).toEqual([sessions[2]!.id])
  await api(executor, sessions[2]!.path, { method: 'DELETE' })
  const { body: rest } = await list(`&limit=2&cursor=${first.nextCursor}`)
  expect(rest.items.map((item: { sessionId: string }) => item.sessionId)).toEqual([sessions[1]!.id, sessions[0]!.id])
  expect(rest.nextCursor).toBe(null)
  expect(await list('&cursor=none')).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
})
