import { expect, test } from 'vitest'

import { variableOf } from './variable-name.ts'

test.each([
  [['port'], 'CODEMODE_PORT'],
  [['retry', 'maxAttempts'], 'CODEMODE_RETRY_MAX_ATTEMPTS'],
])('the variable of %j is %s', (path, variable) => {
  expect(variableOf(path)).toBe(variable)
})
