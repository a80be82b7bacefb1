/** Keywords `type`, `const` and `enum`. */
import { isObject } from '../../is-object.ts'
import type { Json } from '../../json.ts'

import { own } from '../draft.ts'
import { isEqual } from '../equality.ts'
import { otherConstant, otherType } from '../failure.ts'
import { shortJson } from '../resources.ts'
import { type Keyword, listOf, malformed } from './keyword.ts'

const types = new Map<string, (value: Json) => boolean>([
  ['array', Array.isArray],
  ['boolean', (value) => typeof value === 'boolean'],
  ['integer', Number.isInteger],
  ['null', (value) => value === null],
  ['number', (value) => typeof value === 'number'],
  ['object', isObject],
  ['string', (value) => typeof value === 'string'],
])

export const type: Keyword = ({ schema }) => {
  const value = own(schema, 'type')
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.length === 0) throw malformed('type', value, 'a list that is not empty')
  const names = (Array.isArray(value) ? value : [value]).map((name) => (typeof name === 'string' ? name : ''))
  const tests = names.map((name) => {
    const test = types.get(name)
    if (test === undefined) throw malformed('type', value, `one of ${[...types.keys()].join(', ')}, or a list of them`)
    return test
  })
  const expected = names.join(' or ')
  return (value, at) =>
    tests.some((test) => test(value)) ? undefined : otherType(at, `expected ${expected}, got ${nameOf(value)}`)
}

function nameOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

export const constant: Keyword = ({ schema, draft }) => {
  const expected = draft >= 6 ? own(schema, 'const') : undefined
  if (expected === undefined) return undefined
  const message = `expected ${shortJson(expected)}`
  return (value, at) => (isEqual(expected, value) ? undefined : otherConstant(at, message))
}

export const enumeration: Keyword = ({ schema }) => {
  const values = listOf(schema, 'enum')
  if (values === undefined) return undefined
  if (values.length === 0) throw malformed('enum', values, 'a list that is not empty')
  const primitives = new Set(values.filter((value) => !isContainer(value)))
  const containers = values.filter(isContainer)
  const message = `expected one of ${shortJson(values)}`
  return (value, at, evaluation) => {
    if (!isContainer(value)) return primitives.has(value) ? undefined : otherConstant(at, message)
    evaluation.spend(containers.length)
    return containers.some((each) => isEqual(each, value)) ? undefined : otherConstant(at, message)
  }
}

const isContainer = (value: Json): boolean => typeof value === 'object' && value !== null
