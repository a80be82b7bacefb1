/** Keywords `minLength`, `maxLength`, `pattern` and `format`. */
import { failure } from '../failure.ts'
import { formats } from '../formats.ts'
import { Pattern } from '../pattern/pattern.ts'
import { shortJson } from '../resources.ts'
import { countOf, type Keyword, textOf } from './keyword.ts'

export const minLength: Keyword = ({ schema }) => {
  const limit = countOf(schema, 'minLength')
  if (limit === undefined) return undefined
  return (value, at, evaluation) => {
    // A string has at least half as many code points as code units, so this one is long enough.
    if (typeof value !== 'string' || value.length >= 2 * limit) return undefined
    evaluation.spend(value.length / 16)
    return codePoints(value) < limit ? failure(at, `is shorter than ${limit} characters`) : undefined
  }
}

export const maxLength: Keyword = ({ schema }) => {
  const limit = countOf(schema, 'maxLength')
  if (limit === undefined) return undefined
  return (value, at, evaluation) => {
    if (typeof value !== 'string' || value.length <= limit) return undefined
    evaluation.spend(value.length / 16)
    return codePoints(value) > limit ? failure(at, `is longer than ${limit} characters`) : undefined
  }
}

function codePoints(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    count += 1
    if (text.codePointAt(i)! > 0xffff) i += 1
  }
  return count
}

export const pattern: Keyword = ({ schema }) => {
  const source = textOf(schema, 'pattern')
  if (source === undefined) return undefined
  const prepared = new Pattern(source)
  const message = `does not match the pattern ${shortJson(source)}`
  return (value, at, evaluation) =>
    typeof value !== 'string' || prepared.test(value, evaluation) ? undefined : failure(at, message)
}

export const format: Keyword = ({ schema }) => {
  const name = textOf(schema, 'format')
  const matches = name !== undefined && Object.hasOwn(formats, name) ? formats[name] : undefined
  if (matches === undefined) return undefined
  const message = `does not match the format ${shortJson(name!)}`
  return (value, at, evaluation) => {
    if (typeof value !== 'string') return undefined
    evaluation.spend(2 * value.length)
    return matches(value) ? undefined : failure(at, message)
  }
}
