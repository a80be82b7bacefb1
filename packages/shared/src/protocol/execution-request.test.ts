import { describe, expect, test } from 'vitest'

import { newExecutionId } from '../ids.ts'
import { executionRequestSchema } from './execution-request.ts'

const callback = { url: 'https://app.example/tools', token: 'x'.repeat(16) }
const accepts = (more: object) => executionRequestSchema.safeParse({ code: 'return 1', ...more }).success

describe('a request', () => {
  test('needs only code, and is parsed unchanged', () => {
    expect(executionRequestSchema.parse({ code: 'return 1' })).toEqual({ code: 'return 1' })
    const full = {
      id: newExecutionId(),
      code: 'return 1',
      input: null,
      context: { userId: 1 },
      config: {},
      label: 'report',
      tools: [{ name: 'a.b', description: 'does it', inputSchema: true, timeoutMs: 1, requiresApproval: 'always' }],
      callback,
      limits: { cpuTimeoutMs: 1 },
      detached: false,
      priority: -100,
    }
    expect(executionRequestSchema.parse(structuredClone(full))).toEqual(full)
  })

  test.each<[string, object]>([
    ['no code', { code: undefined }],
    ['an unknown field', { timeout: 1 }],
    ['an id that is not a UUID', { id: 'exe_1' }],
    ['a context that is not an object', { context: [] }],
    ['a label that is too long', { label: 'x'.repeat(257) }],
    ['a priority that is too high', { priority: 101 }],
    ['a fractional priority', { priority: 0.5 }],
    ['an unknown limit', { limits: { cpuTimeout: 1 } }],
    ['a timeout of zero', { limits: { cpuTimeoutMs: 0 } }],
    ['an unknown field of a tool', { tools: [{ name: 'a', schema: {} }] }],
    ['a tool that is declared twice', { tools: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] }],
    ['too many tools', { tools: Array.from({ length: 1_025 }, (_, i) => ({ name: `t${i}` })) }],
  ])('is rejected with %s', (_title, wrong) => {
    expect(accepts(wrong)).toBe(false)
  })
})

describe('a callback', () => {
  test.each(['http://localhost:3000', 'https://app.example/tools?x=1'])('is accepted as %s', (url) => {
    expect(accepts({ callback: { ...callback, url } })).toBe(true)
  })

  test.each(['ftp://app.example', 'javascript:alert(1)', 'file:///etc/passwd', 'app.example', '', '/tools'])(
    'is rejected as %j',
    (url) => {
      expect(accepts({ callback: { ...callback, url } })).toBe(false)
    },
  )

  test.each([
    'short',
    'with blank in the token',
    'line\r\nbreak-in-the-token',
    'ümlaut-in-the-token',
    'x'.repeat(8_193),
  ])('is rejected with the token %j, which is invalid in a header', (token) => {
    expect(accepts({ callback: { ...callback, token } })).toBe(false)
  })
})
