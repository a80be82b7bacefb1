import { RequestError } from '@codemode/shared'
import { expect, test } from 'vitest'

import { createLogger } from './log.ts'
import { unhandledRejectionReporter } from './unhandled-rejections.ts'

test('an unhandled rejection is logged with its stack, its ids and the number of rejections', () => {
  const lines: string[] = []
  const report = unhandledRejectionReporter(createLogger({ level: 'error', to: { write: (line) => lines.push(line) } }))
  report(new RequestError('INTERNAL', 'oops', { executionId: 'exe_1' }))
  report(Object.create(null))
  report(undefined)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 'error', unhandledRejections: 1, executionId: 'exe_1', err: { stack: expect.stringContaining('oops') } },
    { unhandledRejections: 2, err: { message: 'rejected with object: a value without a text' } },
    { unhandledRejections: 3, err: { message: 'rejected with undefined: undefined' } },
  ])
})
