import { pino } from 'pino'
import { expect, test } from 'vitest'

import { warmCallbacks } from './warm-callbacks.ts'

test('the calls before the first execution succeed, and log nothing', async () => {
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) })
  await warmCallbacks({ logger, signal: new AbortController().signal })
  expect(lines).toEqual([])
})

test('an executor that closes meanwhile ends them', async () => {
  const closing = new AbortController()
  const warming = warmCallbacks({ logger: pino({ enabled: false }), signal: closing.signal })
  closing.abort()
  await expect(warming).rejects.toThrow('aborted')
})
