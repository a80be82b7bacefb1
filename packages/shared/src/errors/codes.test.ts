import { describe, expect, test } from 'vitest'

import { executionFailureSchema } from '../protocol/execution-result.ts'
import { codesOfKind, errorCodes, type ErrorCode } from './codes.ts'
import { errorBodySchema } from './error-body.ts'

const codes = Object.keys(errorCodes) as ErrorCode[]
const kinds = ['request', 'execution', 'tool', 'client'] as const

const isErrorBody = (code: string) =>
  errorBodySchema.safeParse({
    error: { code, message: '', retryable: false, ambiguous: false, correlationId: 'cor_1' },
  }).success
const isFailure = (code: string) =>
  executionFailureSchema.safeParse({ code, name: 'Error', message: '', retryable: false }).success

describe('the table of codes', () => {
  test('has every code in exactly one kind, except INTERNAL', () => {
    const ofKinds = kinds.flatMap((kind) => codesOfKind(kind) as ErrorCode[])
    expect(ofKinds.toSorted()).toEqual([...codes, 'INTERNAL'].toSorted())
  })

  test.each(codes)('states the meaning of %s in one sentence', (code) => {
    expect(errorCodes[code].meaning).toMatch(/^[A-Z][^.]*\.$/)
  })

  test.each(codes)('has a status for %s that fits its kind', (code) => {
    const { kinds, httpStatus, retryable } = errorCodes[code]
    const statuses = { request: [400, 401, 403, 404, 409, 410, 413, 429, 500, 501, 503], execution: [200] }
    expect({ ...statuses, tool: [200], client: [0] }[kinds[0]]).toContain(httpStatus)
    // Of the refused requests, only those with a temporary reason may be retried.
    const passes = httpStatus === 429 || httpStatus === 503
    expect(kinds[0] !== 'request' || retryable === passes).toBe(true)
  })
})

describe('the schemas accept the codes of their kind and no others', () => {
  test.each(codes)('%s', (code) => {
    const ofCode: readonly string[] = errorCodes[code].kinds
    expect(isErrorBody(code)).toBe(ofCode.includes('request'))
    expect(isFailure(code)).toBe(ofCode.includes('execution'))
  })

  test.each(['NEW_CODE', 'invalid_request', '', 'toString', '__proto__'])('%j', (code) => {
    expect([isErrorBody(code), isFailure(code)]).toEqual([false, false])
  })
})
