/**
 * Runs sources of every kind, most of them not programs, in a real executor: each ends with an outcome of the closed
 * set.
 */
import { setTimeout as delay } from 'node:timers/promises'

import fc from 'fast-check'
import { executionResultSchema, type ExecutionResult } from '@codemode/shared'
import { expect, test } from 'vitest'

import { api, keyOf, startExecutor, writeKeysFile } from '@codemode/testkit'
import { fuzzRuns, fuzzTimeoutMs } from './runs.ts'

const tokens = fc.constantFrom(
  ...'( ) [ ] { } < > , ; : ? . ... ?. => = == === + - * ** / % & | ^ ~ ! && || ?? ` ${ " \' \\ # @ \n \r \u2028 \t'.split(
    ' ',
  ),
  ...'return await async function* function class extends new this super yield let const var if else for of in while do'.split(
    ' ',
  ),
  ...'switch case default break continue try catch finally throw typeof void delete instanceof import export from'.split(
    ' ',
  ),
  ...'interface type enum namespace declare abstract readonly public private as satisfies keyof infer is asserts'.split(
    ' ',
  ),
  ...'null undefined true false NaN Infinity 0 1n 0x1F 1e999 09 1_000 "a" /re/gu /(?<n>a)\\k<n>/ `t` arguments eval'.split(
    ' ',
  ),
  ...'tools input context config console result globalThis Promise Symbol.iterator Proxy Reflect Object Array sleep'.split(
    ' ',
  ),
  ...'setTimeout queueMicrotask structuredClone crypto URL Date Math JSON AbortController ToolError __proto__'.split(
    ' ',
  ),
  '// comment\n',
  '/* open',
  '*/',
  '<!--',
  '-->',
  '#!/usr/bin/env node\n',
  '```js\n',
  '\n```',
  '"use strict";',
  '\ud800',
  '\u0000',
  '\ufeff',
  '𝒳',
  '\\u{110000}',
  '<T,>(x: T): x is T =>',
  'tools.x()',
  'tools["a.b"]()',
  'throw { get message() { return this } }',
  'return { then: null }',
)

/** Valid statements, to be spliced and truncated. */
const statements = fc.constantFrom(
  'const a: number = 1 as any;',
  'for (const x of [1, 2, 3]) console.log(x);',
  'await Promise.all([1, 2].map(async (n) => { await sleep(1); return n }));',
  'class A<T> { #p?: T; static { this.q = 1 } get p() { return this.#p } }',
  'let o = { ...null, [`k${1}`]: 1n }; ',
  'return new Proxy({}, { get(_, k) { return k === "toJSON" ? undefined : 1 } });',
  'try { null.x } catch ({ message }) { console.error(message) } finally { }',
  'label: for (;;) { break label }',
  'function* g() { yield* [1] } return [...g()];',
  'return Object.setPrototypeOf({ a: 1 }, null);',
  'Promise.reject(new Error("late"));',
  'await new Promise(() => {});',
  'const r = []; r.push(r); return r;',
  'return [1n, Symbol(), () => {}][0];',
  'setTimeout(() => { throw 1 }, 1); await sleep(2);',
  'Error.prepareStackTrace = () => { throw 2 }; null.x;',
  'Object.prototype.toJSON = () => { throw 3 }; return {};',
  'Array.prototype[Symbol.iterator] = null; return [...[1]];',
  'return eval("1 + 1");',
  'return Function("return this")();',
)

const nested = fc
  .tuple(
    fc.constantFrom(
      ['(', ')'],
      ['[', ']'],
      ['{', '}'],
      ['a=>', ''],
      ['-', ''],
      ['!', ''],
      ['`${', '}`'],
      ['f(', ')'],
      ['x?', ':1'],
      ['async()=>', ''],
      ['Array<', '>'],
      ['a.', ''],
      ['1+', ''],
      ['if(1)', ''],
      ['new ', ''],
      ['await ', ''],
    ),
    fc.constantFrom('', 'return ', 'let x: ', 'result = '),
    fc.integer({ min: 10, max: 20_000 }),
    fc.boolean(),
  )
  .map(
    ([[open, close], before, depth, isClosed]) =>
      before + open.repeat(depth) + '1' + (isClosed ? close.repeat(depth) : ''),
  )

const pieces = fc.oneof(
  { weight: 6, arbitrary: tokens },
  { weight: 3, arbitrary: statements },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
)

const source = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.array(pieces, { minLength: 1, maxLength: 20 }), fc.constantFrom(' ', '', '\n'))
      .map(([all, between]) => all.join(between)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.array(statements, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat({ max: 6 }), tokens)
      .map(([all, at, length, token]) => {
        const text = all.join('\n')
        const from = at % text.length
        return text.slice(0, from) + token + text.slice(from + length)
      }),
  },
  { weight: 1, arbitrary: nested },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  },
)

/** Tenants that take turns: a tenant whose code crashes its process is throttled. */
const tenants = Array.from({ length: 8 }, (_, i) => `t${i}`)

const short = { cpuTimeoutMs: 150, executionTimeoutMs: 3_000, memoryLimitMb: 32, queueTimeoutMs: 60_000 }

test(
  'every source ends with an outcome of the closed set, and the executor keeps running',
  { tags: ['EX-7', 'EX-8'], timeout: fuzzTimeoutMs },
  async () => {
    await using keys = await writeKeysFile(Object.fromEntries(tenants.map((tenant) => [tenant, {}])))
    await using executor = await startExecutor({ ...keys.config, maxSandboxProcesses: 12 })
    const crashed: string[] = []
    let runs = 0
    const outcomes = new Map<string, number>()

    async function run(code: string, limits: object): Promise<ExecutionResult> {
      const { status, headers, body } = await api(executor, '/v1/executions', {
        key: keyOf(tenants[runs++ % tenants.length]!),
        body: { code, limits, tools: [{ name: 'x' }], callback: { url: 'http://127.0.0.1:1/', token: 't'.repeat(16) } },
      })
      if (status === 429) {
        await delay(Number(headers.get('retry-after')) * 1_000)
        return run(code, limits)
      }
      expect({ code, status }).toEqual({ code, status: 200 })
      return executionResultSchema.parse(body)
    }

    await fc.assert(
      fc.asyncProperty(fc.array(source, { minLength: 8, maxLength: 8 }), async (sources) => {
        for (const [i, result] of (await Promise.all(sources.map((code) => run(code, short)))).entries()) {
          const outcome = result.success ? 'a value' : result.error.code
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
          if (outcome === 'SANDBOX_CRASHED') crashed.push(sources[i]!)
        }
      }),
      fuzzRuns(12),
    )
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['a value', 'SYNTAX_ERROR', 'GUEST_ERROR']))
    expect(crashed).toEqual([])
    expect(await run('return 1', {})).toMatchObject({ success: true, result: 1 })
  },
)
