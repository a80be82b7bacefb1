import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { BlockingRunner } from './blocking-runner.ts'

test('the runner gives up a thread that does not answer in time, and names the option of the timeout', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'codemode-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const toolsModule = join(folder, 'endless.mjs')
  writeFileSync(toolsModule, 'for (;;);')
  const runner = new BlockingRunner({ executorUrl: 'http://127.0.0.1:1', executorApiKey: 'k', toolsModule }, 200)
  const job = { job: { code: '1', options: {}, trace: {} }, correlationId: 'c', requestTimeoutMs: 1 }
  for (let n = 0; n < 2; n++) {
    expect(() => runner.run(job)).toThrow(
      expect.objectContaining({ code: 'REQUEST_TIMEOUT', layer: 'request', timeoutMs: 1, ambiguous: true }),
    )
  }
  await runner.close()
})
