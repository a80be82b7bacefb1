/** Keywords `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` and `multipleOf`. */
import { own } from '../draft.ts'
import { failure } from '../failure.ts'
import { type Keyword, malformed, numberOf } from './keyword.ts'

export const minimum: Keyword = ({ schema }) => {
  const limit = numberOf(schema, 'minimum')
  if (limit === undefined) return undefined
  // In draft 4 the keyword is a boolean that belongs to `minimum`.
  if (own(schema, 'exclusiveMinimum') === true) return above(limit)
  return (value, at) =>
    typeof value === 'number' && value < limit ? failure(at, `${value} is less than the minimum ${limit}`) : undefined
}

export const exclusiveMinimum: Keyword = ({ schema }) => {
  if (typeof own(schema, 'exclusiveMinimum') === 'boolean') return undefined
  const limit = numberOf(schema, 'exclusiveMinimum')
  return limit === undefined ? undefined : above(limit)
}

export const maximum: Keyword = ({ schema }) => {
  const limit = numberOf(schema, 'maximum')
  if (limit === undefined) return undefined
  if (own(schema, 'exclusiveMaximum') === true) return below(limit)
  return (value, at) =>
    typeof value === 'number' && value > limit ? failure(at, `${value} is more than the maximum ${limit}`) : undefined
}

export const exclusiveMaximum: Keyword = ({ schema }) => {
  if (typeof own(schema, 'exclusiveMaximum') === 'boolean') return undefined
  const limit = numberOf(schema, 'exclusiveMaximum')
  return limit === undefined ? undefined : below(limit)
}

const above =
  (limit: number): ReturnType<Keyword> =>
  (value, at) =>
    typeof value === 'number' && value <= limit ? failure(at, `${value} is not more than ${limit}`) : undefined

const below =
  (limit: number): ReturnType<Keyword> =>
  (value, at) =>
    typeof value === 'number' && value >= limit ? failure(at, `${value} is not less than ${limit}`) : undefined

export const multipleOf: Keyword = ({ schema }) => {
  const divisor = numberOf(schema, 'multipleOf')
  if (divisor === undefined) return undefined
  if (divisor <= 0) throw malformed('multipleOf', divisor, 'a number above 0')
  return (value, at) =>
    typeof value !== 'number' || isMultiple(value, divisor)
      ? undefined
      : failure(at, `${value} is not a multiple of ${divisor}`)
}

/**
 * Returns whether a number is a multiple of another one, as decimals: 0.0075 is a multiple of 0.0001, but not in
 * binary.
 */
function isMultiple(value: number, divisor: number): boolean {
  if (!Number.isFinite(value)) return false
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0
  const [a, b] = [decimal(value), decimal(divisor)]
  const shift = Math.min(a.exponent, b.exponent)
  const scaled = ({ digits, exponent }: typeof a): bigint => digits * 10n ** BigInt(exponent - shift)
  return scaled(a) % scaled(b) === 0n
}

function decimal(value: number): { digits: bigint; exponent: number } {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}
