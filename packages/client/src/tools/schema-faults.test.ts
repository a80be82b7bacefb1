/** Tests that checks which fail by themselves, or are given up, are reported apart from handlers that fail. */
import type { ToolAnswer } from '@codemode/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import type { ToolLike, ToolSchema } from './define.ts'
import { invokeTool } from './invoke.ts'
import { ToolRegistry } from './registry.ts'

function call(tool: ToolLike, input: unknown = {}): Promise<ToolAnswer> {
  const registry = new ToolRegistry()
  registry.register('t', tool)
  const deadline = new Date(Date.now() + 60_000).toISOString()
  const ids = { executionId: 'exe_1', callId: 'exe_1:1', correlationId: 'cor_1' }
  const message = { type: 'tool.call', tool: 't', input: input as never, context: {}, deadline, ...ids } as const
  return invokeTool(registry.get('t')!, message, { signal: new AbortController().signal }) as Promise<ToolAnswer>
}

const standard = (validate: (value: unknown) => unknown): StandardSchemaV1 => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as StandardSchemaV1['~standard']['validate'] },
})

function deep(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = { a: [value] }
  return value
}

type Node = number | { a: Node[] }
const node: z.ZodType<Node> = z.lazy(() => z.union([z.number(), z.object({ a: z.array(node) })]))

const faults: [string, ToolSchema, unknown][] = [
  [
    'throws',
    standard(() => {
      throw new Error('no database at /srv/secret.ts:1:1')
    }),
    {},
  ],
  [
    'throws a string',
    standard(() => {
      throw 'bad'
    }),
    {},
  ],
  ['rejects', standard(() => Promise.reject(new Error('no database'))), {}],
  [
    'is an async zod refinement that throws',
    z.object({}).refine(async () => {
      await Promise.resolve()
      throw new Error('no database')
    }),
    {},
  ],
  ['returns nothing', standard(() => undefined), {}],
  ['returns issues that are not a list', standard(() => ({ issues: 5 })), {}],
  ['returns an invalid issue', standard(() => ({ issues: [null] })), {}],
  ['returns an invalid path', standard(() => ({ issues: [{ message: 'm', path: [null] }] })), {}],
  [
    'returns issues with a hostile getter',
    standard(() => ({
      get issues() {
        throw new Error('x')
      },
    })),
    {},
  ],
  ['is a zod refinement that rejects', z.object({}).refine(() => Promise.reject(new Error('no database'))), {}],
  [
    'is a zod transform that throws',
    z.object({}).transform(() => {
      throw new TypeError('x')
    }),
    {},
  ],
  ['overflows the stack', node, deep(50_000)],
]

describe.each(['input', 'output'] as const)('a schema of the %s', (direction) => {
  const code = direction === 'input' ? 'TOOL_INPUT_INVALID' : 'TOOL_OUTPUT_INVALID'

  test.each(faults)(
    'that %s fails the check, and is not reported as a failed handler',
    { tags: ['TL-2'] },
    async (_, schema, value) => {
      let ran = 0
      const tool = {
        [`${direction}Schema`]: schema,
        execute: () => {
          ran += 1
          return value
        },
      }
      const answer = await call(tool, value)
      expect(answer).toMatchObject({ ok: false, error: { name: 'ToolError', code, retryable: false } })
      const message = answer.ok ? '' : answer.error.message
      expect(message).toContain(`The ${direction} of t could not be checked`)
      expect(message).not.toMatch(/database|secret/)
      expect(ran).toBe(direction === 'input' ? 0 : 1)
    },
  )

  test.each<[string, ToolSchema, unknown, string]>([
    [
      '100,000 invalid items',
      { items: { type: 'string' } },
      Array.from({ length: 100_000 }, () => 1),
      'and at least 95 more',
    ],
    ['100,000 items invalid for zod', z.array(z.string()), Array.from({ length: 100_000 }, () => 1), 'and 99995 more'],
    ['10,000 levels', { additionalProperties: { $ref: '#' }, items: { $ref: '#' } }, deep(5_000), 'nested too deeply'],
    ['too many steps', { pattern: '(?=.*b)a' }, 'a'.repeat(1_000_000), 'within 10000000 steps'],
  ])('that fails on %s says what is wrong', { tags: ['TL-2'] }, async (_, schema, value, text) => {
    const tool = { [`${direction}Schema`]: schema, execute: () => value }
    const answer = await call(tool, value)
    expect(answer).toMatchObject({ ok: false, error: { code, message: expect.stringContaining(text) as string } })
    expect(JSON.stringify(answer).length).toBeLessThan(50_000)
  })
})

test('a handler that throws the error of a failing check is a failed handler', { tags: ['TL-2'] }, async () => {
  const tool = {
    inputSchema: {},
    execute: () => {
      throw new RangeError('Maximum call stack size exceeded')
    },
  }
  expect(await call(tool)).toMatchObject({ ok: false, error: { name: 'RangeError', code: 'TOOL_ERROR' } })
})

const register = (inputSchema: never) => () => new ToolRegistry().register('t', { inputSchema, execute: () => 1 })

test('registration refuses a JSON Schema that cannot be used', { tags: ['TL-1'] }, () => {
  expect(register({ $ref: '#/$defs/x' } as never)).toThrow(
    `The inputSchema of the tool 't' can't be used: the reference "#/$defs/x" does not lead to a schema`,
  )
  expect(register({ properties: { a: { pattern: '(a)\\1' } } } as never)).toThrow('refers back to a group')
  expect(register({ $ref: '#' } as never)).toThrow('refers to its own schema')
})
