import { z } from 'zod'
import { expect, test } from 'vitest'

import { Codemode } from '../../codemode.ts'
import { MockExecutor } from '../../executors/mock-executor.ts'
import { tool, type ToolLike } from '../../tools/define.ts'

const declare = (tools: Record<string, ToolLike>, budget?: number): string =>
  Codemode.fromClientConfig({ executor: new MockExecutor(), tools }).declarations({ budget })

const execute = () => null
const ofInput = (inputSchema: object): ToolLike => tool({ inputSchema, execute })
/** Returns the type of the input of a tool with this schema. */
const inputType = (schema: object): string =>
  / t\(input\??: (.*)\): Promise<unknown>\s\}$/s.exec(declare({ t: ofInput(schema) }))![1]!

test('declarations have namespaces, comments, and types of input and output, sorted by name', () => {
  const text = declare({
    weather: tool({
      description: 'The weather */ in a city.\nNow.',
      requiresApproval: true,
      inputSchema: z.object({
        city: z.string().describe('Name'),
        days: z.int().min(1).max(9).default(3),
        at: z.iso.datetime().nullable().optional(),
        page: z.int().max(9).nullable().describe('Page'),
        zone: z.union([z.string().max(9), z.number()]).nullable(),
      }),
      outputSchema: z.object({ celsius: z.number(), 'wind-speed': z.number().optional() }),
      execute: () => ({ celsius: 1 }),
    }),
    'git-hub.list issues': () => null,
    'git-hub': () => null,
    add: ofInput({ type: 'object', properties: {} }),
  })
  expect(text).toBe(`declare const tools: {
  add(input?: {}): Promise<unknown>
  git_hub: {
    (input?: unknown): Promise<unknown>
    list_issues(input?: unknown): Promise<unknown>
  }
  /**
   * The weather *\\/ in a city.
   * Now.
   * A person must approve each call.
   */
  weather(input: {
    /** Name */
    city: string
    /** (integer, 1 to 9, default 3) */
    days?: number
    /** (format date-time) */
    at?: string | null
    /** Page (integer, at most 9) */
    page: number | null
    zone: string | number | null
  }): Promise<{ celsius: number; "wind-speed"?: number }>
}`)
})

test.each([
  ['a type list', { type: ['string', 'null'] }, 'string | null'],
  ['const', { const: { a: [1, 'x', null] } }, '{ a: [1, "x", null] }'],
  ['enum with a type', { type: 'string', enum: ['a', 'b', 1] }, '"a" | "b"'],
  ['anyOf', { anyOf: [{ type: 'string' }, { type: 'array', items: { enum: [1, 2] } }] }, 'string | (1 | 2)[]'],
  [
    'oneOf beside properties',
    {
      type: 'object',
      properties: { a: {} },
      oneOf: [{ required: ['a'] }, { type: 'object', properties: { b: { type: 'number' } } }],
    },
    '{ a?: unknown } & ({ a: unknown } | { b?: number })',
  ],
  [
    'allOf',
    {
      allOf: [
        { type: 'object', properties: { a: true }, required: ['a'] },
        { type: 'object', properties: { b: { type: 'null' } } },
      ],
    },
    '{ a: unknown } & { b?: null }',
  ],
  [
    'a tuple of draft 2020-12',
    { type: 'array', prefixItems: [{ type: 'string' }, { type: ['number', 'null'] }], minItems: 1, items: false },
    '[string, (number | null)?]',
  ],
  [
    'a tuple of draft 7',
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'array',
      items: [{ type: 'string' }],
      additionalItems: { type: 'number' },
    },
    '[string?, ...number[]]',
  ],
  [
    'additionalProperties with a schema',
    { type: 'object', additionalProperties: { type: 'number' } },
    '{ [key: string]: number }',
  ],
  [
    'additionalProperties beside properties',
    { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'number' } },
    '{ a?: string; [key: string]: unknown }',
  ],
  ['no properties', { type: 'object', additionalProperties: false }, '{ [key: string]: never }'],
  [
    'patternProperties',
    { type: 'object', patternProperties: { '^x': { type: 'number' } }, additionalProperties: false },
    '{ [key: string]: number }',
  ],
  ['a required property without a schema', { type: 'object', required: ['a-b'] }, '{ "a-b": unknown }'],
  [
    'a required property with a default',
    { type: 'object', properties: { n: { type: 'number', default: 1 } }, required: ['n'] },
    '{\n    /** (default 1) */\n    n?: number\n  }',
  ],
  ['a schema without a type', { properties: { a: { type: 'string' } } }, '{ a?: string }'],
  ['a boolean schema', { type: 'object', properties: { a: true, b: false } }, '{ a?: unknown }'],
])('the type of %s', (_, schema, type) => {
  expect(inputType(schema)).toBe(type)
})

test('references are named types, recursive ones too, and equal ones of several tools are one type', () => {
  const $defs = {
    'tree-node': { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/tree-node' } } } },
  }
  const schema = { type: 'object', properties: { root: { $ref: '#/$defs/tree-node' } }, $defs }
  expect(declare({ a: ofInput(schema), b: ofInput({ ...schema, required: ['root'] }) }))
    .toBe(`type TreeNode = { children?: TreeNode[] }

declare const tools: {
  a(input?: { root?: TreeNode }): Promise<unknown>
  b(input: { root: TreeNode }): Promise<unknown>
}`)
  const other = { ...schema, $defs: { 'tree-node': { type: 'string' } } }
  expect(declare({ a: ofInput(schema), b: ofInput(other) })).toContain('type TreeNode2 = string')
})

test('a root that refers to itself has the name of its tool, and names of the language are not used', () => {
  expect(declare({ grow: ofInput({ type: 'object', properties: { next: { $ref: '#' } } }) })).toContain(
    'type Grow_input = { next?: Grow_input }',
  )
  const $defs = { Promise: { type: 'string' }, '1': { type: 'number' } }
  const text = declare({
    t: ofInput({ type: 'object', properties: { a: { $ref: '#/$defs/Promise' }, b: { $ref: '#/$defs/1' } }, $defs }),
  })
  expect(text).toContain('type Promise2 = string\n\ntype T1 = number')
})

test('within a budget declarations lose comments, then types, then names; discovery remains', () => {
  const tools = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [
      `area${i % 2}.tool_${i}`,
      tool({
        description: `First sentence. ${'More. '.repeat(20)}`,
        inputSchema: z.object({ a: z.string().describe('text') }),
        execute,
      }),
    ]),
  )
  const full = declare(tools)
  expect(full).toContain('More. More.')
  const types = declare(tools, full.length - 1)
  expect(types).toContain('/** First sentence. */\n    tool_0(input: { a: string }): Promise<unknown>')
  const names = declare(tools, 1_600)
  expect(names).toContain('area0.tool_0, area0.tool_10')
  const last = declare(tools, 1_000)
  expect(last).toContain('There are 40 tools; find them with tools.$search.\n * Namespaces: area0 (20), area1 (20)')
  expect([types.length <= full.length, names.length <= 1_600, last.length <= 1_000]).toEqual([true, true, true])
  expect(() => declare(tools, 10)).toThrow('from 1,000; it is 10.')
})

test('declarations of some tools have only those, and a view declares its own', () => {
  const codemode = Codemode.fromClientConfig({ executor: new MockExecutor(), tools: { a: execute, b: execute } })
  expect(codemode.declarations({ tools: ['b'] })).toBe('declare const tools: { b(input?: unknown): Promise<unknown> }')
  expect(codemode.withTools({ c: execute }).declarations()).toContain('c(input')
  expect(() => codemode.declarations({ tools: ['nope'] })).toThrow("'nope', which is not registered")
})
