import { expect, test } from 'vitest'

import { responseError } from './response-error.ts'

const connection = {
  origin: 'http://executor.test',
  executorUrl: 'http://executor.test',
  executionId: undefined,
  correlationId: 'cor_0123456789abcdef',
  method: 'POST',
  url: 'http://executor.test/v1/executions',
  apiKey: 'key-0123456789',
}

const errorBody = (code: string, suggestion: string): string =>
  JSON.stringify({
    error: { code, message: 'm', suggestion, retryable: false, ambiguous: false, correlationId: 'cor_of_the_executor' },
  })

test('after a 401 of the executor, the suggestion names the option and not the header', { tags: ['RT-1'] }, () => {
  const text = errorBody('UNAUTHORIZED', 'Send your API key as "authorization: Bearer <key>".')
  expect(responseError({ status: 401, headers: {}, text }, connection)).toMatchObject({
    code: 'UNAUTHORIZED',
    suggestion: 'Check executorApiKey: it may be mistyped, expired or of another executor.',
  })
})

test("any other error has the executor's own suggestion", { tags: ['RT-1'] }, () => {
  const text = errorBody('FORBIDDEN', 'Ask the owner.')
  expect(responseError({ status: 403, headers: {}, text }, connection)).toMatchObject({ suggestion: 'Ask the owner.' })
})

test.each([
  [200, 'INVALID_RESPONSE', true],
  [404, 'NOT_FOUND', false],
  [500, 'INVALID_RESPONSE', true],
  [511, 'INVALID_RESPONSE', true],
])('a %i of another server has the code %s', { tags: ['RT-1'] }, (status, code, ambiguous) => {
  const headers = { 'content-type': 'text/html' }
  const error = responseError({ status, headers, text: '<h1>Oops</h1>' }, connection)
  expect(error).toMatchObject({ code, httpStatus: status, ambiguous, retryable: false })
})

test('a 500 of the executor has the code INTERNAL', { tags: ['RT-1'] }, () => {
  const text = errorBody('INTERNAL', 'Read the log.')
  expect(responseError({ status: 500, headers: {}, text }, connection)).toMatchObject({ code: 'INTERNAL' })
})
