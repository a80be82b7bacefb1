/** Compares the builtins of the language in a guest with those of an untouched realm of the same V8. */
import { createContext, runInContext } from 'node:vm'

import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

/** Code that describes every object and function that is reachable from the globals with given names, by its path. */
const describeAll = (names: readonly string[]): string => `
  const described = {}, paths = new Map(), queue = []
  const isConstructor = (f) => { try { Reflect.construct(Object, [], f); return true } catch { return false } }
  const visit = (path, value) => {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return typeof value + ' ' + String(value)
    if (paths.has(value)) return 'same as ' + paths.get(value)
    paths.set(value, path)
    queue.push([path, value])
    return typeof value + (typeof value === 'function' && isConstructor(value) ? ' constructor' : '')
  }
  const attributes = (d) => (d.writable ? 'w' : '-') + (d.enumerable ? 'e' : '-') + (d.configurable ? 'c' : '-')
  for (const name of ${JSON.stringify(names)}) {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)
    described[name] = descriptor ? attributes(descriptor) + ' ' + visit(name, descriptor.value) : 'missing'
  }
  for (let i = 0; i < queue.length; i++) {
    const [path, value] = queue[i]
    const prototype = Object.getPrototypeOf(value)
    described[path + ' prototype'] = prototype === null ? 'null' : visit(path + ' prototype', prototype)
    for (const key of Reflect.ownKeys(value)) {
      const at = path + '.' + String(key), { get, set, ...rest } = Object.getOwnPropertyDescriptor(value, key)
      if (get) described[at + ' get'] = visit(at + ' get', get)
      if (set) described[at + ' set'] = visit(at + ' set', set)
      described[at] = attributes(rest) + (get || set ? '' : ' ' + visit(at, rest.value))
    }
  }
  return described`

/** Globals that are removed, or that the sandbox or another test describes. */
const others = [
  'globalThis',
  'console',
  'WeakRef',
  'FinalizationRegistry',
  'SharedArrayBuffer',
  'Atomics',
  'WebAssembly',
]

test(
  'builtins have the names, lengths, attributes and prototypes that V8 gives them, except for what is removed',
  { tags: ['EX-1'] },
  async () => {
    const realm = createContext()
    const all = runInContext('Object.getOwnPropertyNames(globalThis)', realm) as string[]
    const names = all.filter((name) => !others.includes(name))
    const code = describeAll(names)
    const expected = JSON.parse(runInContext(`JSON.stringify((() => { ${code} })())`, realm) as string) as Record<
      string,
      string
    >
    const actual = await suite.codemode.executeAsync<Record<string, string>>(code)

    const paths = [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
    const differences = paths.filter((path) => expected[path] !== actual[path])
    // The hook that keeps the runtime out of stack traces.
    const added = differences.filter(
      (path) => actual[path] !== undefined && !path.startsWith('Error.prepareStackTrace'),
    )
    expect(added).toEqual([])
    const removed = differences.filter((path) => actual[path] === undefined)
    expect(removed.filter((path) => !/ get(?:\.| prototype|$)|resize(?:\.| )/.test(path)).toSorted()).toEqual([
      'ArrayBuffer.prototype.maxByteLength',
      'ArrayBuffer.prototype.resizable',
      'ArrayBuffer.prototype.resize',
    ])
  },
)

test.each([
  ['Date.now', 'new Date.now()'],
  ['Math.random', 'new Math.random()'],
  ['structuredClone', 'new structuredClone(1)'],
  ['atob', `new atob('')`],
  ['setTimeout', 'new setTimeout(() => {})'],
  ['sleep', 'new sleep(1)'],
  ['Temporal.Now.instant', 'new Temporal.Now.instant()'],
  ['formatToParts', 'new Intl.DateTimeFormat.prototype.formatToParts()'],
  ['console.log', 'new console.log()'],
])('%s is no constructor', { tags: ['EX-1'] }, async (_name, code) => {
  const result = await suite.codemode.executeAsync(
    `try { ${code} } catch (error) { return [error.name, error.message] }`,
  )
  expect(result).toEqual(['TypeError', expect.stringContaining('is not a constructor')])
})

test('the function format of an Intl.DateTimeFormat is identical to itself', { tags: ['EX-1'] }, async () => {
  const code = `
    const a = new Intl.DateTimeFormat('en', { timeZone: 'UTC' }), b = new Intl.DateTimeFormat('de', { timeZone: 'UTC' })
    const get = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format').get
    return [
      a.format === a.format, a.format === b.format, a.format.name, a.format.length, get.name,
      [0, 1e12].map(a.format), a.format(undefined) === a.format(Date.now()),
    ]`
  expect(await suite.codemode.executeAsync(code)).toEqual([
    true,
    false,
    '',
    1,
    'get format',
    ['1/1/1970', '9/9/2001'],
    true,
  ])
})
