import { expect, test } from 'vitest'

import { codeOfStatus, isGatewayStatus, isTemporaryStatus } from './status.ts'

test.each([
  [400, 'INVALID_REQUEST'],
  [401, 'UNAUTHORIZED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [409, 'INVALID_REQUEST'],
  [410, 'INVALID_REQUEST'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [429, 'RATE_LIMITED'],
  [500, 'INTERNAL'],
  [501, 'INTERNAL'],
  [503, 'OVERLOADED'],
])('status %i without a code is %s', (status, code) => {
  expect(codeOfStatus(status)).toBe(code)
})

test('a request may succeed later after the statuses of gateways, 429 and 503, and after no others', () => {
  const statuses = Array.from({ length: 400 }, (_, n) => 200 + n)
  expect(statuses.filter(isTemporaryStatus)).toEqual([408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 527, 530])
  expect(statuses.filter((status) => isTemporaryStatus(status) && !isGatewayStatus(status))).toEqual([429, 503])
})
