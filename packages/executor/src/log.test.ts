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

test('characters with effects on terminals are escaped, and the line has the same values', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', to: { write: (line) => void lines.push(line) } })
  const label = 'a\n\u001b[2J\u009b31m\u0085\u2028\u202e größe'
  logger.child({ tenant: 'acme\u009b' }).info({ label }, 'hello')
  expect(lines[0]).toMatch(/^[\x20-\x7eöß]+\n$/)
  expect(JSON.parse(lines[0]!)).toMatchObject({ label, tenant: 'acme\u009b' })
})
