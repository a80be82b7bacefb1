/** Tests that the console prints any value and never throws. */
import { expect, test } from 'vitest'

import { acceptedCases, refusedCases } from '../support/json-cases.ts'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

const hostile = [
  '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()',
  '(() => { const { proxy, revoke } = Proxy.revocable(() => {}, {}); revoke(); return proxy })()',
  'new Proxy({ a: 1 }, { ownKeys() { throw 1 } })',
  'new Proxy({}, { get() { throw 1 }, has() { throw 1 }, getPrototypeOf() { throw 1 }, getOwnPropertyDescriptor() { throw 1 } })',
  '({ get a() { throw 1 } })',
  '({ toString() { throw 1 }, toJSON() { throw 1 }, valueOf() { throw 1 } })',
  'Object.create(null)',
  'Object.defineProperty(new Error("x"), "stack", { get() { throw 1 } })',
  'Object.assign(new Error("x"), { message: Symbol("s"), name: { toString() { throw 1 } } })',
  '(() => { const map = new Map(); map.set(map, new Set([map])); return map })()',
  '(() => { const e = new Error("x"); e.cause = e; return new AggregateError([e, e], "all") })()',
]
const sources = [...acceptedCases, ...refusedCases].filter(({ place }) => place !== 'host').map(({ source }) => source)

test(
  'the console prints every value, alone, nested and with every specifier, and never throws',
  { tags: ['GU-1'] },
  async () => {
    const makers = [...sources, ...hostile].map((source) => `() => (${source})`)
    const ended = await suite.codemode.run(`
    const failed = []
    for (const make of [${makers.join(',\n')}]) {
      try {
        const value = make()
        console.log(value)
        for (const method of ['debug', 'error', 'dir', 'table', 'trace', 'count', 'countReset', 'time', 'timeEnd']) {
          console[method](value)
        }
        console.assert(false, [value], { value })
        console.log('%s %d %i %f %j %o %O %c', value, value, value, value, value, value, value, value)
      } catch (error) {
        failed.push(make + ': ' + error)
      }
    }
    return failed`)
    expect(ended).toMatchObject({ success: true, result: [] })
    expect(ended.logs.length).toBeGreaterThan(0)
  },
)

test.each([
  ['new Map([["a", 1]])', "Map(1) { 'a' => 1 }"],
  ['new Set([1])', 'Set(1) { 1 }'],
  ['10n', '10n'],
  ['Symbol("s")', 'Symbol(s)'],
  ['(function named() {})', '[Function: named]'],
  ['/x/g', '/x/g'],
  ['new Uint8Array(2)', 'Uint8Array(2) [ 0, 0 ]'],
  ['(() => { const a = {}; a.self = a; return a })()', '<ref *1> { self: [Circular *1] }'],
  ['JSON.parse("[".repeat(100_000) + "]".repeat(100_000))', '[ [ [ [Array] ] ] ]'],
  ['(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()', 'could not be inspected'],
  ['({ get a() { throw 1 } })', '{ a: [Getter] }'],
])('the console shows %s as %s', { tags: ['GU-1'] }, async (source, text) => {
  const { logs } = await suite.codemode.run(`console.log(${source})`)
  expect(logs[0]?.text).toContain(text)
})
