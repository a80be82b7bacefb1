import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const limitBytes = 64 * 1024

async function logsOf(code: string) {
  const { logs, logsDropped, success } = await suite.codemode.run(code)
  return { lines: logs.map(({ level, text }) => `${level}: ${text}`), logsDropped, success }
}

test('each console method logs at its level, in the format of Node', { tags: ['EX-8'] }, async () => {
  const code = `
    console.debug('a'); console.log('b', 1, [1, { c: 2 }]); console.info(null, undefined); console.warn(new Map([[1, 2]]))
    console.error(Symbol('s'), 5n, () => {}); console.log('%s is %d', 'x', 4.5); console.assert(1 === 2, 'wrong')
    console.group('g'); console.log('inner'); console.groupEnd(); console.count(); console.count(); console.log()`
  expect(await logsOf(code)).toEqual({
    lines: [
      'debug: a',
      'log: b 1 [ 1, { c: 2 } ]',
      'info: null undefined',
      'warn: Map(1) { 1 => 2 }',
      expect.stringMatching(/^error: Symbol\(s\) 5n \[Function/),
      'log: x is 4.5',
      'error: Assertion failed: wrong',
      'log: g',
      'log:   inner',
      'log: default: 1',
      'log: default: 2',
      'log: ',
    ],
    logsDropped: { entries: 0, bytes: 0 },
    success: true,
  })
})

test('logging runs no getter, no proxy trap and no toString of a value', { tags: ['EX-8'] }, async () => {
  const code = `
    let touched = 0
    console.log({ get a() { touched += 1 }, toString() { touched += 1 }, toJSON() { touched += 1 } })
    console.log(new Proxy({}, { get() { touched += 1 } }))
    return touched`
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: true })
  expect(result.logs).toHaveLength(2)
})

test(
  'the entry that crosses the limit is cut with the cut size, and later entries are counted',
  { tags: ['EX-8'] },
  async () => {
    const { lines, logsDropped } = await logsOf(`
    console.log('x'.repeat(${limitBytes} - 164))
    console.log('ä'.repeat(100))
    console.log('dropped'); console.error('€'); console.log('')`)
    expect(lines[0]).toHaveLength('log: '.length + limitBytes - 164)
    expect(lines[1]).toBe(
      `log: ${'ä'.repeat(50)}… (100 more bytes dropped: console output is limited to ${limitBytes} bytes)`,
    )
    expect(lines).toHaveLength(2)
    expect(logsDropped).toEqual({ entries: 3, bytes: 10 })
  },
)

test('a single huge entry is cut', { tags: ['EX-8'] }, async () => {
  const { lines, logsDropped, success } = await logsOf(`console.log('x'.repeat(1e7))`)
  expect(lines[0]?.length).toBeLessThan(limitBytes + 200)
  expect(lines[0]).toContain(`${1e7 - limitBytes} more bytes dropped`)
  expect(logsDropped).toEqual({ entries: 0, bytes: 0 })
  expect(success).toBe(true)
})

test(
  'an entry costs 64 bytes beyond its text, so that the number of entries is bounded',
  { tags: ['EX-8'] },
  async () => {
    const { logs, logsDropped } = await suite.codemode.run(`for (let i = 0; i < 2e5; i++) console.log('')`)
    expect(logs).toHaveLength(limitBytes / 64)
    expect(logsDropped).toEqual({ entries: 2e5 - limitBytes / 64, bytes: 0 })
  },
)

test('five hundred lines of ordinary length are all kept', { tags: ['EX-8'] }, async () => {
  const code = `for (let i = 0; i < 500; i++) console.log('item', i, 'of 500: the price is', i * 3, 'and the stock', 7)`
  const { logs, logsDropped } = await suite.codemode.run(code)
  expect(logs).toHaveLength(500)
  expect(logsDropped.entries).toBe(0)
})

test('the logs from before a failure are kept', { tags: ['EX-8'] }, async () => {
  expect(await logsOf(`console.log('before'); throw new Error('x')`)).toMatchObject({
    lines: ['log: before'],
    success: false,
  })
  expect(await suite.codemode.run(`console.log('before'); for (;;);`, { cpuTimeoutMs: 100 })).toMatchObject({
    success: false,
    error: { code: 'CPU_TIMEOUT' },
    logs: [{ level: 'log', text: 'before' }],
  })
})
