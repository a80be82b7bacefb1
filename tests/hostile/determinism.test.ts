import { expect, test } from 'vitest'

import type { Journal } from '@codemode/shared'

import { api, replayOf } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'
import { attacks } from './determinism.attacks.ts'
import { entropyPrograms } from './entropy-programs.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('determinism', attacks)

const tools = {
  echo: (input: unknown) => input,
  fails: () => {
    throw new Error('the tool failed')
  },
}
const suite = useCodemode({ client: { tools } })

test(
  'every value that code derives from time, randomness, order and state is the same in another process',
  { tags: ['EX-8'] },
  async () => {
    const journals: Journal[] = []
    for (const code of entropyPrograms) {
      const { executionId, success } = await suite.codemode.run(code)
      expect(success).toBe(true)
      journals.push((await api(suite.executor, `/v1/executions/${executionId}/journal`)).body)
    }
    const { exitCode, lines } = await replayOf(journals)
    expect(lines.filter((line) => !line.includes('as recorded in the journal'))).toEqual([])
    expect(lines).toHaveLength(entropyPrograms.length)
    expect(exitCode).toBe(0)
  },
)
