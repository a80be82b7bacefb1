import assert from 'node:assert/strict'

import { ExecutorTimeoutError, type ExecuteOptions } from '@codemode/client'

import { printCode, printFact, printLine } from '../print.ts'
import { connect, type Scene } from '../scene.ts'

const cases: readonly { code: string; options: ExecuteOptions; layer: string }[] = [
  { code: 'for (;;) {}', options: { cpuTimeoutMs: 200 }, layer: 'cpu' },
  { code: 'await sleep(60_000)', options: { executionTimeoutMs: 200 }, layer: 'execution' },
]

export const timeout: Scene = {
  title: 'A timeout error names the timeout that expired and the option that sets it',
  async play(executor) {
    await using codemode = connect(executor)
    for (const [index, { code, options, layer }] of cases.entries()) {
      if (index > 0) printLine('')
      const [[option, timeoutMs] = []] = Object.entries(options)
      printCode(code)
      printFact('options', JSON.stringify(options))
      const error: unknown = await codemode.executeAsync(code, options).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof ExecutorTimeoutError)
      printFact('thrown', `${error.name} with code ${error.code}`)
      printFact('timeout', `layer ${error.layer}, ${error.timeoutMs} ms, set by ${error.option}`)
      printFact('message', error.message)
      assert.deepEqual([error.layer, error.option, error.timeoutMs], [layer, option, timeoutMs])
    }
  },
}
