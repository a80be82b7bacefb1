/**
 * Keywords `unevaluatedProperties` and `unevaluatedItems`. They are evaluated last, because they apply to the children
 * that no other keyword has evaluated.
 */
import { isObject } from '../../is-object.ts'
import { own } from '../draft.ts'
import { ChildFailures, failure } from '../failure.ts'
import type { Keyword } from './keyword.ts'

export const unevaluatedProperties: Keyword = (preparation) => {
  const rest = preparation.draft >= 2019 ? own(preparation.schema, 'unevaluatedProperties') : undefined
  if (rest === undefined) return undefined
  const node = preparation.node(rest, 'unevaluatedProperties')
  return (value, at, evaluation) => {
    if (!isObject(value)) return undefined
    const failures = new ChildFailures(at)
    for (const key of Object.keys(value)) {
      evaluation.spend(1)
      if (at.evaluated?.has(key)) continue
      const location = at.child(key)
      const failed =
        rest === false ? failure(location, 'is not a known property') : evaluation.evaluate(node, value[key]!, location)
      if (failed !== undefined && failures.add(failed)) break
    }
    at.evaluated?.addAll()
    return failures.failure()
  }
}

export const unevaluatedItems: Keyword = (preparation) => {
  const rest = preparation.draft >= 2019 ? own(preparation.schema, 'unevaluatedItems') : undefined
  if (rest === undefined) return undefined
  const node = preparation.node(rest, 'unevaluatedItems')
  return (value, at, evaluation) => {
    if (!Array.isArray(value)) return undefined
    const failures = new ChildFailures(at)
    for (let i = 0; i < value.length; i++) {
      evaluation.spend(1)
      if (at.evaluated?.has(i)) continue
      const failed = evaluation.evaluate(node, value[i]!, at.child(i))
      if (failed !== undefined && failures.add(failed)) break
    }
    at.evaluated?.addAll()
    return failures.failure()
  }
}
