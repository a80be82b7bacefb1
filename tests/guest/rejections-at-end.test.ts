import { setImmediate as nextRound } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { api, replayOf } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const tools = {
  echo: (input: unknown) => input,
  fail: () => Promise.reject(new Error('no stock')),
  slow: () => new Promise<never>(() => {}),
  /** Answers after the calls before it, whose handlers have settled by the next round of the event loop. */
  later: () => nextRound(null),
}
const suite = useCodemode({ client: { tools } })

const lost = 'const f = async (text) => { throw new Error(text) }\n'

test.each<[string, string[], object, object?]>([
  ['f("never")\nawait new Promise(() => {})', ['never'], { code: 'NEVER_SETTLES' }],
  [
    'tools.fail()\nawait tools.later()\nf("b")\nawait new Promise(() => {})',
    ['b', 'no stock'],
    { code: 'NEVER_SETTLES' },
  ],
  ['f("wall")\nawait sleep(600_000)', ['wall'], { code: 'EXECUTION_TIMEOUT' }, { executionTimeoutMs: 10_000 }],
  ['f("cpu")\nawait null\nfor (;;) {}', ['cpu'], { code: 'CPU_TIMEOUT' }, { cpuTimeoutMs: 100 }],
  ['f("early")\nawait tools.later()\nfor (;;) {}', ['early'], { code: 'CPU_TIMEOUT' }, { cpuTimeoutMs: 100 }],
  [
    'const p = f("handled"); f("kept")\nawait tools.later()\np.catch(() => {})\nawait new Promise(() => {})',
    ['kept'],
    { code: 'NEVER_SETTLES' },
  ],
  [
    'const p = f("x")\nawait tools.later()\np.catch(() => {})\nawait new Promise(() => {})',
    [],
    { code: 'NEVER_SETTLES' },
  ],
  [
    'await tools.fail().catch(() => {})\nawait tools.echo(1, 2).catch(() => {})\nawait new Promise(() => {})',
    [],
    { code: 'NEVER_SETTLES' },
  ],
])(
  'an execution that the host ends has the warnings of its rejections: %s',
  { tags: ['GU-2'] },
  async (code, errors, error, options = {}) => {
    const result = await suite.codemode.run(lost + code, options)
    const warnings = errors.map((text) => ({
      code: 'UNHANDLED_REJECTION',
      message: expect.stringContaining(text) as string,
    }))
    expect(result).toMatchObject({ success: false, error, warnings })
  },
)

test(
  'a cancelled execution has the warnings of its rejections, and its replay has them again',
  { tags: ['GU-2'] },
  async () => {
    const execution = await suite.codemode.submit(`${lost}f("cancelled")\nawait tools.later()\nawait tools.slow()`)
    for await (const event of execution.events()) {
      if (event.type === 'tool.called' && event.tool === 'slow') await execution.cancel('enough')
    }
    const { error, warnings } = (await execution.wait()) as { error?: unknown; warnings: readonly unknown[] }
    expect(error).toMatchObject({ code: 'CANCELLED' })
    expect(warnings).toMatchObject([
      { code: 'UNHANDLED_REJECTION', line: 1, message: expect.stringContaining('Error: cancelled') as string },
    ])
    const { body: journal } = await api(suite.executor, `/v1/executions/${execution.id}/journal`)
    expect(
      journal.entries.filter(({ effects }: { effects?: object }) => effects && 'warnings' in effects),
    ).toHaveLength(1)
    expect((await replayOf([journal])).exitCode).toBe(0)
  },
)

test('a report of a rejection changes nothing that the code sees of its error', { tags: ['GU-2'] }, async () => {
  const code = `
    const f = async () => { throw new RangeError('mine') }
    const late = f()
    const odd = (async () => { throw Object.defineProperty(new Error('odd'), 'name', { get() { throw 1 } }) })()
    const deep = () => { try { return deep() } catch { return late.catch((error) => error.stack) } }
    await tools.later()
    const oddStack = await odd.catch((error) => error.stack)
    return [await deep(), oddStack]`
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({
    success: true,
    result: [
      'RangeError: mine\n    at f (code:2:35)\n    at code:3:18',
      expect.stringMatching(/^Error\n {4}at code:4:/),
    ],
    warnings: [],
  })
})

test('a report of a rejection calls no accessor of its error', { tags: ['GU-2', 'SA-1'] }, async () => {
  const code = `
    const calls = []
    const texts = (target) => Object.defineProperty(target, 'name', { get() { calls.push(1); return 'Mine' } })
    class Inherited extends Error {}
    texts(Inherited.prototype)
    const own = (async () => { throw texts(new Error('own')) })()
    const inherited = (async () => { throw new Inherited('inherited') })()
    await tools.later()
    const before = calls.length
    const stacks = await Promise.all([own, inherited].map((each) => each.catch((error) => error.stack.split('\\n')[0])))
    return [before, ...stacks]`
  expect(await suite.codemode.run(code)).toMatchObject({
    success: true,
    result: [0, 'Mine: own', 'Mine: inherited'],
  })
})
