import { RequestError } from '@codemode/shared'
import { expect, test } from 'vitest'

import { describeDatabaseProblem } from './database-problem.ts'

const failure = (message: string, code: string) => Object.assign(new Error(message), { code })

test.each([
  [failure('password authentication failed for user "app"', '28P01'), 'the password in CODEMODE_DATABASE_URL'],
  [failure('database "app" does not exist', '3D000'), 'Create the database'],
  [failure('permission denied for database app', '42501'), 'GRANT CREATE ON DATABASE'],
  [failure('Invalid URL', 'ERR_INVALID_URL'), 'percent-encode'],
])('%s is described with advice', (error, text) => {
  expect(describeDatabaseProblem(error)).toContain(error.message)
  expect(describeDatabaseProblem(error)).toContain(text)
})

test('the cause of a store that does not answer is described', () => {
  const cause = failure('connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED')
  const text = describeDatabaseProblem(new RequestError('STORE_UNAVAILABLE', 'no answer', { cause }))
  expect(text).toContain('connect ECONNREFUSED 127.0.0.1:5432. Start the server')
})

test('other errors are not problems of the configuration', () => {
  const others = [failure('disk full', '53100'), new TypeError('a bug'), undefined, 'text']
  expect(others.map(describeDatabaseProblem)).toEqual(others.map(() => undefined))
})
