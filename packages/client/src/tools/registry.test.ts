import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect, test } from 'vitest'
import { z } from 'zod'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { tool, type ToolLike } from './define.ts'
import { ToolRegistry } from './registry.ts'

const noop = () => null
const better = () => 1

function registryOf(tools: Record<string, ToolLike>): ToolRegistry {
  const registry = new ToolRegistry()
  for (const [name, tool] of Object.entries(tools)) registry.register(name, tool)
  return registry
}

function refusalOf(work: () => unknown): ConfigurationError {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('Expected a ConfigurationError, but nothing was thrown')
}

const namesOf = (registry: ToolRegistry, list?: string[]) =>
  registry.select(list).map(({ declaration }) => declaration.name)

test('tool names become identifiers joined by dots', () => {
  const registry = registryOf({ 'list-issues': noop, 'github.list issues': noop, '2fa': noop, a$: noop, '🎉a': noop })
  expect(namesOf(registry)).toEqual(['list_issues', 'github.list_issues', '_2fa', 'a$', '_a'])
})

test('identifiers of every script stay as they are, with composed characters', () => {
  const registry = registryOf({
    größe: noop,
    'wetter.日本': noop,
    'e\u{301}t\u{e9}': noop,
    '\u{301}x': noop,
    a·b: noop,
  })
  expect(namesOf(registry)).toEqual(['größe', 'wetter.日本', 'été', '_\u{301}x', 'a·b'])
})

test('a tool and a namespace can have the same name', () => {
  expect(namesOf(registryOf({ github: noop, 'github.list': noop }))).toEqual(['github', 'github.list'])
})

test.each([
  ['list-issues', 'list_issues'],
  ['github.list-issues', 'github.list_issues'],
])('%s collides with %s, even with overwrite, and the message suggests a free name', (one, other) => {
  const registry = registryOf({ [one]: noop })
  const error = refusalOf(() => registry.register(other, noop, { overwrite: true }))
  expect(error.message).toContain(`'${one}'`)
  expect(error.message).toContain(`_2'`)
})

test('the registry refuses a taken name without overwrite', () => {
  const registry = registryOf({ weather: noop })
  expect(refusalOf(() => registry.register('weather', noop)).message).toContain('{ overwrite: true }')
  registry.register('weather', better, { overwrite: true })
  expect(registry.get('weather')?.handler).toBe(better)
})

test.each([
  ['then', 'then_tool'],
  ['a.then', 'a.then_tool'],
  ['then.a', 'then_tool.a'],
  ['__proto__', 'proto_tool'],
  ['constructor', 'constructor_tool'],
  ['prototype', 'prototype_tool'],
  ['toJSON', 'toJSON_tool'],
  ['x.toString', 'x.toString_tool'],
  ['$search', 'search'],
  ['mongo.$', 'mongo.tool'],
])('the registry refuses the reserved name %s, and suggests %s', (name, free) => {
  const { message } = refusalOf(() => registryOf({}).register(name, noop))
  expect(message).toContain('reserved')
  expect(message).toContain(`codemode.registerTool('${free}', …)`)
  expect(namesOf(registryOf({ [free]: noop }))).toEqual([free])
})

test('a registry extends its base: it replaces tools of the same name, and sees tools that the base gets later', () => {
  const base = registryOf({ weather: noop, 'list-issues': noop })
  const view = new ToolRegistry(base)
  view.registerAll({ weather: better, own: noop })
  base.register('later', noop)
  expect(namesOf(view)).toEqual(['weather', 'list_issues', 'later', 'own'])
  expect(view.get('weather')?.handler).toBe(better)
  expect(base.get('weather')?.handler).toBe(noop)
  expect(base.get('own')).toBeUndefined()
  const inner = new ToolRegistry(view)
  inner.registerAll({ own: better })
  expect([inner.get('own')?.handler, inner.get('weather')?.handler]).toEqual([better, better])
  expect(refusalOf(() => view.registerAll({ list_issues: noop })).message).toContain("'list-issues' and 'list_issues'")
  expect(refusalOf(() => view.register('later', noop)).message).toContain('{ overwrite: true }')
  expect(refusalOf(() => view.select(['onw'])).message).toContain(
    "weather, list-issues, later, own. Did you mean 'own'?",
  )
})

test('an allow-list accepts both forms of a name, once; the error for an unknown one lists the known and the nearest', () => {
  const registry = registryOf({ 'list-issues': noop, weather: noop, bank: noop })
  expect(namesOf(registry, ['list-issues', 'list_issues', 'weather'])).toEqual(['list_issues', 'weather'])
  expect(namesOf(registry, [])).toEqual([])
  const { message } = refusalOf(() => registry.select(['wether']))
  expect(message).toContain('list-issues, weather, bank')
  expect(message).toContain("Did you mean 'weather'?")
  expect(message).toContain("availableTools: ['weather']")
})

test('the registry refuses a name without a letter or digit, and one that is no text', () => {
  for (const name of ['', ' ', '.', 'a.', '.a', 'a..b', '-', '🎉', 'a.🎉']) {
    expect(refusalOf(() => registryOf({}).register(name, noop)).message).toContain('a letter, a digit')
  }
  for (const name of [undefined, null, 1, {}, Symbol('weather')]) {
    expect(refusalOf(() => registryOf({}).register(name as never, noop)).message).toContain('must be a string')
  }
  const spoken = registryOf({ 'x y': noop, _: noop, é1: noop, 'a b.c d': noop })
  expect(namesOf(spoken, undefined)).toEqual(['x_y', '_', 'é1', 'a_b.c_d'])
})

test('the registry accepts every kind of handler and keeps its this', async () => {
  class Counter {
    count = 41
    run() {
      this.count += 1
      return this.count
    }
  }
  const registry = registryOf({
    f: () => 1,
    e: { execute: () => 2 },
    a: { runAsync: () => Promise.resolve(3) },
    c: new Counter(),
  })
  const call = {} as never
  const outputs = ['f', 'e', 'a', 'c'].map((name) => registry.get(name)!.handler({}, call))
  expect(await Promise.all(outputs)).toEqual([1, 2, 3, 42])
})

class Counter {
  run() {
    return 1
  }
}

test('the registry refuses a tool without a handler, and a class', () => {
  for (const bad of [{}, null, undefined, 'weather', [], Promise.resolve(noop), { execute: 1 }]) {
    expect(refusalOf(() => registryOf({}).register('weather', bad as never)).message).toContain('has no handler')
  }
  expect(refusalOf(() => registryOf({}).register('weather', Counter as never)).message).toContain('new Counter()')
})

test('declarations describe the JSON that schemas accept and produce', () => {
  const registry = registryOf({
    zod: tool({
      description: 'd',
      inputSchema: z.object({ n: z.string().transform(Number) }),
      outputSchema: z.object({ at: z.date() }),
      timeoutMs: 5,
      requiresApproval: true,
      execute: ({ n }) => ({ at: new Date(n) }),
    }),
    json: { inputSchema: { type: 'object' }, execute: noop },
    standard: { inputSchema: bareSchema(), execute: noop },
  })
  const [zod, json, standard] = registry.select(undefined).map(({ declaration }) => declaration)
  expect(zod).toMatchObject({
    name: 'zod',
    description: 'd',
    timeoutMs: 5,
    requiresApproval: 'always',
    inputSchema: {
      type: 'object',
      properties: { n: { type: 'string' } },
      required: ['n'],
    },
    outputSchema: {
      type: 'object',
      properties: { at: {} },
    },
  })
  expect(json).toEqual({ name: 'json', inputSchema: { type: 'object' } })
  expect(standard).toEqual({ name: 'standard' })
})

test('registration refuses an invalid schema and a declaration above the limits of the protocol', () => {
  const schema = 'string' as never
  expect(refusalOf(() => registryOf({ a: { inputSchema: schema, execute: noop } })).message).toContain('inputSchema')
  expect(refusalOf(() => registryOf({ a: { timeoutMs: 0, execute: noop } })).message).toContain('timeoutMs')
})

test('a name or a description that is too long is refused with its length and the limit', () => {
  for (const [name, length] of [
    ['a'.repeat(200), 200],
    ['ö.'.repeat(64) + 'b', 129],
    ['x y'.repeat(43), 129],
  ] as const) {
    const { message } = refusalOf(() => registryOf({ [name]: noop }))
    expect(message).toContain(`The name of a tool has ${length} characters; the limit is 128: '${name.slice(0, 40)}…'.`)
  }
  expect(registryOf({ ['a'.repeat(128)]: noop }).get('a'.repeat(128))).toBeDefined()
  const description = 'd'.repeat(16_385)
  expect(refusalOf(() => registryOf({ t: { description, execute: noop } })).message).toContain(
    "The description of the tool 't' has 16385 characters; the limit is 16384.",
  )
})

function bareSchema(): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'bare', validate: (value) => ({ value }) } }
}
