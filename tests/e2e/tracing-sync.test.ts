import { fileURLToPath } from 'node:url'

import { expect, onTestFinished, test } from 'vitest'

import { Codemode } from '@codemode/client'
import { startExecutorProcess } from '@codemode/testkit'

import { recorder } from '../support/traced-tools.ts'

test('execute and the tools in its thread share the trace of the caller', { tags: ['OP-1', 'EX-6'] }, async () => {
  onTestFinished(() => recorder[Symbol.dispose]())
  await using executor = await startExecutorProcess()
  const toolsModule = fileURLToPath(new URL('../support/traced-tools.ts', import.meta.url))
  const config = { executorUrl: executor.url, executorApiKey: executor.apiKey, toolsModule }
  await using codemode = Codemode.fromClientConfig(config)
  const code = 'return tools.traceId({})'
  // The thread has an SDK from its first execution on.
  codemode.execute(code)
  let inThread: unknown
  const traceId = await recorder.inApplication(async () => {
    inThread = codemode.execute(code)
  })
  expect(inThread).toBe(traceId)
})
