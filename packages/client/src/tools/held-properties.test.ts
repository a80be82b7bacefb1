import { expect, test } from 'vitest'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ToolRegistry } from './registry.ts'

const execute = () => 1

function declarationOf(properties: object) {
  const registry = new ToolRegistry()
  registry.register('pay', { execute, ...properties })
  return registry.get('pay')!.declaration
}

test('a tool is declared with its need for approvals and the times that its calls may be held', () => {
  expect(declarationOf({ requiresApproval: true, approvalTimeoutMs: 60_000 })).toMatchObject({
    requiresApproval: 'always',
    approvalTimeoutMs: 60_000,
  })
  expect(declarationOf({ requiresApproval: () => true })).toMatchObject({ requiresApproval: 'conditional' })
  expect(declarationOf({ deferTimeoutMs: 5 })).toEqual({ name: 'pay', deferTimeoutMs: 5 })
  expect(declarationOf({ requiresApproval: false })).toEqual({ name: 'pay' })
})

test.each([
  [{ requiresApproval: 'always' }, "must be true, false or a function; it is 'always'"],
  [{ requiresApproval: null }, 'must be true, false or a function; it is null'],
  [{ requiresApproval: {} }, 'must be true, false or a function; it is of type object'],
  [{ approvalTimeoutMs: 5 }, 'has an approvalTimeoutMs and requires no approval'],
  [{ requiresApproval: true, approvalTimeoutMs: 0 }, 'from 1 to 2,592,000,000 (30 days); it is 0'],
  [{ deferTimeoutMs: 2_592_000_001 }, 'from 1 to 2,592,000,000 (30 days); it is 2592000001'],
  [{ deferTimeoutMs: '1d' }, 'it is of type string'],
  [{ needsApproval: true }, 'did you mean requiresApproval'],
  [{ approvalTimeout: 5 }, 'did you mean approvalTimeoutMs'],
])('a tool with %j is refused', (properties, problem) => {
  expect(() => declarationOf(properties)).toThrow(ConfigurationError)
  expect(() => declarationOf(properties)).toThrow(problem)
})
