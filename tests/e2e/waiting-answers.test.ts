/** Tests executions whose answers wait while a turn runs, and are then delivered in one message. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { ExecutionResult } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'
import type { Journal } from '@codemode/shared'
import { processCpuMs } from '../../packages/executor/src/sandbox/proc.ts'
import { api, connect, killIfAlive, replayOf, sandboxProcesses, startExecutor, transports } from '@codemode/testkit'

let executor: RunningExecutor
beforeAll(async () => {
  executor = await startExecutor({ sandboxProcesses: 1 })
})
afterAll(() => executor.close({ drainMs: 0 }))

const answers = 8
/** Takes long enough for the answers to arrive. */
const compute = (times = 1) => `for (let i = 0; i < ${times} * 2e8; i++);`

/**
 * Returns code that runs `onAnswer` for each answer `n`, from 0. The answers arrive during the turn of another one, and
 * wait for its end.
 */
function programOf(onAnswer: string, rest = 'return (await Promise.all(all)).length'): string {
  return `
    async function onAnswer(n) { ${onAnswer} }
    const all = Array.from({ length: ${answers} }, (_, n) => tools.one(n).then(onAnswer))
    void tools.begin().then(() => { ${compute()} })
    ${rest}`
}

/** Returns tools of which `one` answers after `begin`, and the number of calls so far. */
function toolsOf() {
  let begun = Promise.withResolvers<void>()
  let calls = 0
  return {
    async one(n: unknown) {
      calls += 1
      await begun.promise
      return n
    },
    echo: (n: unknown) => n,
    begin() {
      calls += 1
      setImmediate(() => {
        begun.resolve()
        begun = Promise.withResolvers()
      })
    },
    calls: () => calls,
  }
}

function connectTo(to: RunningExecutor, config = {}) {
  const { calls, ...tools } = toolsOf()
  return { codemode: connect(to, { ...config, tools }), calls }
}

async function journalOf({ executionId }: Pick<ExecutionResult, 'executionId'>): Promise<Journal> {
  return (await api(executor, `/v1/executions/${executionId}/journal`)).body
}

/** Returns the CPU time of the only sandbox process. */
const cpuMs = () => processCpuMs(sandboxProcesses()[0]) ?? 0

const turnsOf = ({ entries }: Journal) => entries.filter((entry) => entry.type === 'turn')
const textsOf = ({ logs }: ExecutionResult) => logs.map(({ text }) => text)

describe.each(transports)('over $transport', ({ config }) => {
  test(
    'the turns of waiting answers have times in order, and replay to the same effects',
    { tags: ['TL-4'] },
    async () => {
      const { codemode } = connectTo(executor, config)
      await using _closing = codemode
      const journals: Journal[] = []
      for (let run = 0; run < 5; run++) {
        const result = await codemode.run(
          programOf('console.log(Date.now()); setTimeout(() => console.log(Date.now()), 1)'),
        )
        expect(result).toMatchObject({ success: true, result: answers })
        const journal = await journalOf(result)
        journals.push(journal)
        let endedAt = 0
        for (const turn of turnsOf(journal)) {
          expect(turn.at).toBeGreaterThanOrEqual(endedAt)
          expect(turn.endedAt).toBeGreaterThanOrEqual(turn.at)
          endedAt = turn.endedAt
          for (const { text } of turn.effects.logs) expect(text).toBe(String(turn.at))
        }
        const arrived = journal.entries.flatMap((entry) => (entry.type === 'answer' ? [entry.call] : []))
        const delivered = turnsOf(journal).flatMap(({ delivery }) =>
          delivery.kind === 'answer' ? [delivery.call] : [],
        )
        expect(delivered).toEqual(arrived.slice(0, delivered.length))
      }
      expect(await replayOf(journals)).toMatchObject({ exitCode: 0 })
    },
  )

  test('the times of events never go back', { tags: ['TL-4', 'EX-5'] }, async () => {
    const { codemode } = connectTo(executor, config)
    await using _closing = codemode
    const handle = await codemode.submit(programOf('console.log(n); await tools.echo(n)'))
    const times: string[] = []
    for await (const { at } of handle.events()) times.push(at)
    expect(times).toEqual(times.toSorted())
  })

  test(
    'the logs of a turn arrive while that of the next answer runs, and cancelling stops that',
    { tags: ['EX-9'] },
    async () => {
      const { codemode } = connectTo(executor, config)
      await using _closing = codemode
      const code = programOf('if (n === 0) console.log("first"); if (n === 1) for (;;);')
      const handle = await codemode.submit(code, { cpuTimeoutMs: 20_000, executionTimeoutMs: 120_000 })
      for await (const { type } of handle.events()) if (type === 'log') void handle.cancel()
      const result = await handle.wait()
      expect(result).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
      expect(textsOf(result)).toEqual(['first'])
    },
  )
})

test(
  'a turn that exceeds the CPU time ends the execution with the logs of those before',
  { tags: ['RT-3'] },
  async () => {
    const { codemode } = connectTo(executor)
    await using _closing = codemode
    const code = programOf('console.log(n); if (n === 4) for (;;);')
    const result = await codemode.run(code, { cpuTimeoutMs: 4_000, executionTimeoutMs: 120_000 })
    expect(result).toMatchObject({ success: false, error: { code: 'CPU_TIMEOUT' } })
    expect(textsOf(result)).toEqual(['0', '1', '2', '3', '4'])
  },
)

test('a killed process loses no turn and runs no tool twice', { tags: ['SA-6', 'TL-6'] }, async () => {
  const { codemode, calls } = connectTo(executor)
  await using _closing = codemode
  const heard = Promise.withResolvers<void>()
  codemode.on('log', ({ text }) => void (text === '3' && heard.resolve()))
  const running = codemode.run(programOf(`console.log(n); if (n === 4) { ${compute(12)} }`), {
    cpuTimeoutMs: 30_000,
    executionTimeoutMs: 120_000,
  })
  await heard.promise
  for (const pid of sandboxProcesses()) killIfAlive(pid)
  const result = await running
  expect(result).toMatchObject({ success: true, result: answers, usage: { replays: 1 } })
  expect(textsOf(result)).toEqual(Array.from({ length: answers }, (_, n) => String(n)))
  expect(calls()).toBe(answers + 1)
  expect(await replayOf([await journalOf(result)])).toMatchObject({ exitCode: 0 })
})

describe('a session', () => {
  const endsEarly = programOf('seen.push(n)', 'await all[2]')

  test('keeps its guest if a step ends while answers wait', { tags: ['SE-1', 'SE-6'] }, async () => {
    const { codemode } = connectTo(executor)
    await using _closing = codemode
    await using session = await codemode.session()
    await session.run('let seen = []')
    await session.run(endsEarly)
    const step = await session.addStep('seen', { wait: true })
    expect(step).toMatchObject({ result: [0, 1, 2], usage: { replays: 0 } })
  })

  test(
    'has the state before a step that is cancelled while the turn of an answer runs',
    { tags: ['SE-4'] },
    async () => {
      const { codemode } = connectTo(executor)
      await using _closing = codemode
      await using session = await codemode.session()
      await session.run('let seen = []')
      const code = programOf('seen.push(n); console.log(n); if (n === 2) for (;;);', 'await Promise.all(all)')
      const step = await session.addStep(code, { cpuTimeoutMs: 20_000, executionTimeoutMs: 120_000 })
      for await (const event of step.events()) {
        if (event.type !== 'log' || event.text !== '1') continue
        const usedMs = cpuMs()
        await expect.poll(cpuMs).toBeGreaterThan(usedMs + 500)
        void step.cancel()
      }
      const cancelled = await step.wait()
      expect(cancelled).toMatchObject({ success: false, error: { code: 'CANCELLED' }, session: { stateKept: false } })
      expect(await session.run('seen')).toEqual([])
    },
  )
})
