/** Keywords for arrays, except `unevaluatedItems`. */
import type { Json } from '../../json.ts'

import { own } from '../draft.ts'
import { ChildFailures, failure } from '../failure.ts'
import type { Evaluator, SchemaNode } from '../node.ts'
import type { Location } from '../location.ts'
import { countOf, type Keyword, listOf, malformed } from './keyword.ts'

export const minItems: Keyword = ({ schema }) => {
  const limit = countOf(schema, 'minItems')
  if (limit === undefined) return undefined
  return (value, at) =>
    Array.isArray(value) && value.length < limit
      ? failure(at, `has ${value.length} items; the minimum is ${limit}`)
      : undefined
}

export const maxItems: Keyword = ({ schema }) => {
  const limit = countOf(schema, 'maxItems')
  if (limit === undefined) return undefined
  return (value, at) =>
    Array.isArray(value) && value.length > limit
      ? failure(at, `has ${value.length} items; the maximum is ${limit}`)
      : undefined
}

/** Keywords `prefixItems` and `items`; before draft 2020-12, the array form of `items`, and `additionalItems`. */
export const items: Keyword = (preparation) => {
  const { schema, draft } = preparation
  const itemsValue = own(schema, 'items')
  const isTuple = Array.isArray(itemsValue)
  const prefix = isTuple ? itemsValue : draft >= 2020 ? listOf(schema, 'prefixItems') : undefined
  const restKeyword = isTuple ? 'additionalItems' : 'items'
  const restValue = own(schema, restKeyword)
  if (prefix === undefined && restValue === undefined) return undefined
  const first = (prefix ?? []).map((each) => preparation.node(each, isTuple ? 'items' : 'prefixItems'))
  const rest = restValue === undefined ? undefined : preparation.node(restValue, restKeyword)
  preparation.addFill((value, filler) => {
    if (!Array.isArray(value)) return
    for (const [i, item] of value.entries()) {
      const node = first[i] ?? rest
      if (node !== undefined) filler.fill(node, item)
    }
    for (const node of first.slice(value.length)) {
      const missing = filler.defaultOf(node)
      if (missing === undefined) break
      value.push(missing)
    }
  })
  return (value, at, evaluation) => {
    if (!Array.isArray(value)) return undefined
    if (rest !== undefined) at.evaluated?.addAll()
    else at.evaluated?.addItemsBelow(first.length)
    return evaluateItems(value, at, { evaluation, nodeOf: (i) => first[i] ?? rest })
  }
}

function evaluateItems(
  array: readonly Json[],
  at: Location,
  { evaluation, nodeOf }: { evaluation: Evaluator; nodeOf(this: void, index: number): SchemaNode | undefined },
): ReturnType<ReturnType<Keyword> & {}> {
  let failures: ChildFailures | undefined
  for (let i = 0; i < array.length; i++) {
    const node = nodeOf(i)
    if (node === undefined) break
    const failed = evaluation.evaluate(node, array[i]!, at.child(i))
    if (failed === undefined) continue
    failures ??= new ChildFailures(at)
    if (failures.add(failed)) break
  }
  return failures?.failure()
}

/** Keywords `contains`, `minContains` and `maxContains`. */
export const contains: Keyword = (preparation) => {
  const { schema, draft } = preparation
  const value = draft >= 6 ? own(schema, 'contains') : undefined
  if (value === undefined) return undefined
  const node = preparation.node(value, 'contains')
  const min = (draft >= 2019 ? countOf(schema, 'minContains') : undefined) ?? 1
  const max = (draft >= 2019 ? countOf(schema, 'maxContains') : undefined) ?? Infinity
  return (value, at, evaluation) => {
    if (!Array.isArray(value)) return undefined
    const evaluated = draft >= 2020 ? at.evaluated : undefined
    let count = 0
    for (let i = 0; i < value.length; i++) {
      if (count > max || (count >= min && max === Infinity && evaluated === undefined)) break
      if (evaluation.evaluate(node, value[i]!, at.child(i)) !== undefined) continue
      count += 1
      evaluated?.add(i)
    }
    if (count < min) return failure(at, `has ${count} items that match "contains"; the minimum is ${min}`)
    return count > max ? failure(at, `has more than ${max} items that match "contains"`) : undefined
  }
}

export const uniqueItems: Keyword = ({ schema }) => {
  const value = own(schema, 'uniqueItems')
  if (value !== undefined && typeof value !== 'boolean') throw malformed('uniqueItems', value, 'true or false')
  if (value !== true) return undefined
  return (value, at, evaluation) => {
    if (!Array.isArray(value)) return undefined
    const firstAt = new Map<number, number>()
    for (const [i, item] of value.entries()) {
      const id = evaluation.valueIds.idOf(item, evaluation)
      const first = firstAt.get(id)
      if (first !== undefined) return failure(at.child(i), `equals the item ${first}; items must be unique`)
      firstAt.set(id, i)
    }
    return undefined
  }
}
