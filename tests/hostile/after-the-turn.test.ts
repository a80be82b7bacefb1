import { expect, test } from 'vitest'

import { connect, sandboxProcesses, startExecutor } from '@codemode/testkit'
import { attacks, quietAttacks } from './after-the-turn.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('after the turn', attacks)

test(
  'unhandled rejections end no sandbox process, cause no replay and no throttling, and have no effects',
  { tags: ['RT-3', 'SA-6'] },
  async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    await using codemode = connect(executor, { tools: { echo: (input) => input } })
    expect(await codemode.executeAsync('return 1')).toBe(1)
    const before = sandboxProcesses()
    for (const { title, code, ends } of quietAttacks) {
      const result = await codemode.run(code)
      const outcome = result.success ? { result: result.result } : { error: 'error' in result && result.error }
      const { logs, usage, toolCalls } = result
      const unsettled = toolCalls.filter(({ status }) => status !== 'completed')
      expect({ title, ...outcome, logs, replays: usage.replays, unsettled }).toMatchObject({
        title,
        ...ends,
        logs: [],
        replays: 0,
        unsettled: [],
      })
    }
    expect(sandboxProcesses()).toEqual(expect.arrayContaining(before))
  },
)
