/**
 * Runs attacks against a real executor. During each attack, in every sandbox process, a bystander execution of the same
 * tenant waits in a tool; it must end as if it were alone. Canaries stand for secrets of the host that an attack may
 * look for.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'

import type { Codemode, Execution, ExecutionResult } from '@codemode/client'
import { createExecutor, type RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createLogger } from '../../packages/executor/src/log.ts'
import { api, connect, keyOf, type KeysFile, reuseIsolates, toolLatch, writeKeysFile } from '@codemode/testkit'
import type { Attack } from './attack.ts'

const sandboxProcesses = 1
const repository = fileURLToPath(new URL('../../', import.meta.url))

/** Returns the tools that the attack may call; `received` keeps each call's input and context. */
function ordinaryTools(received: unknown[]) {
  const tool = (run: (input: unknown) => unknown) => (input: unknown, call: { readonly context: unknown }) => {
    received.push(input, call.context)
    return run(input)
  }
  return {
    echo: tool((input) => input),
    double: tool((input) => Number(input) * 2),
    large: tool((sizeBytes) => 'x'.repeat(Number(sizeBytes) - 2)),
    fails: tool(() => {
      throw new Error('the tool failed')
    }),
  }
}

/** Error codes of attacks that may end their process. A tenant that ends many processes is throttled. */
const limits = ['CPU_TIMEOUT', 'EXECUTION_TIMEOUT', 'MEMORY_LIMIT', 'SANDBOX_CRASHED']

/** Returns whether an attack may end its process. */
const mayEndProcess = ({ ends }: Attack): boolean => 'error' in ends && limits.includes(ends.error['code'] as string)

/** Number of attacks on the CPU clock for each tenant. V8 stops most of them, and an executor forgives a few ended processes. */
const clockAttacksPerTenant = 4

/** Returns the tenants of attacks: one of its own for each that may end its process, except for groups of those on the CPU clock. */
function tenantsOf(attacks: readonly Attack[], mayAllEndProcesses: boolean): string[] {
  const shared = randomUUID()
  let group = randomUUID()
  let inGroup = 0
  return attacks.map((attack) => {
    if (mayAllEndProcesses) return randomUUID()
    if (!mayEndProcess(attack)) return shared
    if (!('error' in attack.ends) || attack.ends.error['code'] !== 'CPU_TIMEOUT') return randomUUID()
    if (inGroup === clockAttacksPerTenant) [group, inGroup] = [randomUUID(), 0]
    inGroup += 1
    return group
  })
}

interface AreaOptions {
  /** True if each attack may end its process. By default, only those that end with a limit may do so. */
  readonly mayEndProcesses?: boolean
}

/**
 * Defines one test for each attack. All have the same executor, and most have the same tenant: a process has one tenant, so
 * another tenant needs another process. See `tenantsOf`.
 */
export function runAttacks(
  area: string,
  attacks: readonly Attack[],
  { mayEndProcesses = false }: AreaOptions = {},
): void {
  describe(`hostile code, ${area}`, { tags: ['EX-2', 'EX-8', 'TL-3'] }, () => {
    const canary = { environment: randomUUID(), memory: randomUUID(), file: randomUUID() }
    const tenants = tenantsOf(attacks, mayEndProcesses)
    /** Errors that the executor logs when it detects a bug of its own; an attack must cause none. */
    const bugs: string[] = []
    let folder: string
    let keys: KeysFile
    let executor: RunningExecutor

    beforeAll(async () => {
      env['CODEMODE_CANARY'] = canary.environment
      folder = await mkdtemp(join(tmpdir(), 'codemode-hostile-'))
      await writeFile(join(folder, 'canary'), canary.file)
      keys = await writeKeysFile(Object.fromEntries(tenants.map((tenant) => [tenant, { maxLimits }])))
      const logger = createLogger({ level: 'error', to: { write: (line) => void bugs.push(line) } })
      executor = await createExecutor(
        { ...keys.config, port: 0, dev: true, sandboxProcesses, reuseIsolates },
        { logger },
      )
    })
    afterAll(async () => {
      await executor.close({ drainMs: 0 })
      await rm(folder, { recursive: true })
      await keys[Symbol.asyncDispose]()
      delete env['CODEMODE_CANARY']
    })

    test.each(attacks.map((attack, i) => ({ ...attack, key: keyOf(tenants[i]!) })))(
      '$title',
      async ({ code, ends, options, key }) => {
        const received: unknown[] = []
        const tools = ordinaryTools(received)
        const held = toolLatch()
        await using codemode = connect(executor, {
          executorApiKey: key,
          // Many attacks compute for seconds until they reach another limit.
          ...maxLimits,
          tools: { ...tools, hold: held.enter },
        })
        const bystanders = await startBystanders(codemode, held.arrived)

        const result = await codemode.run(code, { availableTools: Object.keys(tools), ...options })
        const record = await api(executor, `/v1/executions/${result.executionId}`, { key })
        held.open()

        expectEnds(result, ends)
        const seen = JSON.stringify([result, record.body, received])
        const secrets = [...Object.values(canary), key, folder, repository, 'node_modules', 'file:///', '/proc/']
        expect(secrets.filter((secret) => seen.includes(secret))).toEqual([])
        expect(await readFile(join(folder, 'canary'), 'utf8')).toBe(canary.file)

        for (const { execution, value } of bystanders) {
          expect(await execution.wait()).toMatchObject({ success: true, result: value, toolCalls: [{}] })
        }
        expect(held.signals).toHaveLength(sandboxProcesses)
        expect(bugs.splice(0)).toEqual([])
      },
    )
  })
}

const maxLimits = { cpuTimeoutMs: 120_000 }

/** Expects the outcome that the attack lists. */
export function expectEnds(result: ExecutionResult, ends: Attack['ends']): void {
  const outcome = result.success ? { result: result.result } : { error: 'error' in result && result.error }
  expect(outcome).toMatchObject(ends)
  // An error may have more fields than the attack lists; a result is compared as a whole.
  expect('result' in ends ? outcome : ends).toEqual(ends)
}

/**
 * Starts a bystander execution in each sandbox process, one after the other, and resolves when all wait in their tool.
 */
async function startBystanders(
  codemode: Codemode,
  arrived: (count: number) => Promise<void>,
): Promise<{ execution: Execution; value: unknown }[]> {
  const bystanders = []
  for (let input = 1; input <= sandboxProcesses; input++) {
    const execution = await codemode.submit(bystanderCode, {
      availableTools: ['hold'],
      input,
      executionTimeoutMs: 300_000,
      toolTimeoutMs: 300_000,
    })
    bystanders.push({ execution, value: { before: input * 5_050, held: [input * 5_050], after: input * 10_100 } })
    await arrived(input)
  }
  return bystanders
}

/** Code that computes, waits in its tool, and then computes with its own state and the tool's answer. */
const bystanderCode = `
  let before = 0
  for (let i = 1; i <= 100; i++) before += i * input
  const held = await tools.hold([before])
  return { before, held, after: before + held.reduce((sum, each) => sum + each, 0) }`
