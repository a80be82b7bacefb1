import {
  assert,
  constantFrom,
  dictionary,
  jsonValue,
  nat,
  oneof,
  property,
  record,
  string,
  type Arbitrary,
} from 'fast-check'
import { describe, expect, test } from 'vitest'

import { anyCharacter } from '../../../../tests/support/any-character.ts'
import type { Json, JsonObject } from '../json.ts'
import { codesOfKind, errorCodes } from './codes.ts'
import { errorBodySchema } from './error-body.ts'
import { RequestError } from './request-error.ts'

const codes = codesOfKind('request')
const sent = (error: RequestError) => JSON.parse(JSON.stringify(error.toBody('cor_1'))) as unknown

describe('the body of an error', () => {
  test('is parsed as it was sent', () => {
    const texts = string({ unit: anyCharacter })
    // The schema of objects drops this key.
    const keys = texts.filter((key) => key !== '__proto__')
    // JSON has no negative zero, so values are compared as they are after one round trip.
    const values = jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json)
    const details: Arbitrary<JsonObject> = dictionary(keys, values)
    const options = oneof(
      record({}),
      record({ executionId: texts, retryAfterSeconds: nat() }),
      record({ executionId: texts, suggestion: texts, details }),
    )
    assert(
      property(constantFrom(...codes), texts, options, (code, message, given) => {
        const error = new RequestError(code, message, given)
        const body = errorBodySchema.parse(sent(error))
        expect(body).toEqual(sent(error))
        const { retryAfterSeconds: _header, ...inBody } = given as { retryAfterSeconds?: number }
        expect(body.error).toMatchObject({ code, message, correlationId: 'cor_1', ...inBody })
      }),
    )
  })

  test.each(codes)('has the status and the advice of the table for %s', (code) => {
    const error = new RequestError(code, 'no')
    expect(error.httpStatus).toBe(errorCodes[code].httpStatus)
    expect(error.toBody('cor_1').error).toMatchObject({ retryable: errorCodes[code].retryable, ambiguous: false })
  })

  test('has only the given fields, and never the cause', () => {
    const cause = new Error('postgres://user:password@host')
    const error = new RequestError('INTERNAL', 'The executor failed', { cause, retryAfterSeconds: 3 })
    expect(error.toBody('cor_1')).toEqual({
      error: {
        code: 'INTERNAL',
        message: 'The executor failed',
        retryable: false,
        ambiguous: false,
        correlationId: 'cor_1',
      },
    })
    expect(error.cause).toBe(cause)
    expect(error.retryAfterSeconds).toBe(3)
  })

  test('may have fields that this version does not know', () => {
    const body = sent(new RequestError('NOT_FOUND', 'gone')) as { error: JsonObject }
    const newer = { error: { ...body.error, traceId: 'abc' }, version: 2 }
    expect(errorBodySchema.parse(newer)).toEqual(body)
  })

  test.each(['code', 'message', 'retryable', 'ambiguous', 'correlationId'])('is invalid without its %s', (field) => {
    const body = sent(new RequestError('NOT_FOUND', 'gone')) as { error: JsonObject }
    Reflect.deleteProperty(body.error, field)
    expect(errorBodySchema.safeParse(body).success).toBe(false)
  })
})

test('RequestError is an Error with a name', () => {
  const error = new RequestError('NOT_FOUND', 'There is no execution exe_1')
  expect(error).toBeInstanceOf(Error)
  expect(String(error)).toBe('RequestError: There is no execution exe_1')
})
