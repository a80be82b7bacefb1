import { expect, test } from 'vitest'

import { createLogger } from './log.ts'

test('a line is JSON with its level and time, and secrets in it are redacted', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', to: { write: (line) => void lines.push(line) } })
  logger.debug('not shown')
  logger.info({ apiKey: 's1', headers: { authorization: 's2' }, a: { callback: { token: 's3', url: 'u' } } }, 'hello')
  expect(lines).toHaveLength(1)
  const line: unknown = JSON.parse(lines[0]!)
  expect(line).toMatchObject({
    level: 'info',
    msg: 'hello',
    apiKey: '[redacted]',
    headers: { authorization: '[redacted]' },
    a: { callback: { token: '[redacted]', url: 'u' } },
  })
  expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-.*Z$/))
})
