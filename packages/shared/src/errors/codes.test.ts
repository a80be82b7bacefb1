// oxlint-disable-next-line no-restricted-imports -- only tests run in Node alone
import { readFileSync } from 'node:fs'

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
  test('has every code in exactly one kind', () => {
    expect(kinds.flatMap((kind) => codesOfKind(kind) as ErrorCode[])).toEqual(codes)
  })

  test.each(codes)('has a status for %s that fits its kind', (code) => {
    const { kind, httpStatus, retryable } = errorCodes[code]
    const statuses = { request: [400, 401, 403, 404, 409, 410, 413, 429, 500, 501, 503], execution: [200] }
    expect({ ...statuses, tool: [200], client: [0] }[kind]).toContain(httpStatus)
    // Of the refused requests, only those with a temporary reason may be retried.
    const passes = httpStatus === 429 || httpStatus === 503
    expect(kind !== 'request' || retryable === passes).toBe(true)
  })

  test('matches the documentation, with the statuses', () => {
    const text = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| `([A-Z_]+)` *\|(?: (\d{3}) +\|)?/gm)]
    const documented = rows.map(([, code, status = '']) => `${code} ${status}`)
    const known = codes.map((code) => {
      const { kind, httpStatus } = errorCodes[code]
      return `${code} ${kind === 'request' ? httpStatus : ''}`
    })
    expect(documented.toSorted()).toEqual(known.toSorted())
  })
})

describe('the schemas accept the codes of their kind and no others', () => {
  test.each(codes)('%s', (code) => {
    expect(isErrorBody(code)).toBe(errorCodes[code].kind === 'request')
    expect(isFailure(code)).toBe(errorCodes[code].kind === 'execution')
  })

  test.each(['NEW_CODE', 'invalid_request', '', 'toString', '__proto__'])('%j', (code) => {
    expect([isErrorBody(code), isFailure(code)]).toEqual([false, false])
  })
})
