/**
 * Keywords `unevaluatedProperties` and `unevaluatedItems`. They are evaluated last, because they apply to the children
 * that no other keyword has evaluated.
 */
import { isObject, own } from '../draft.ts'
import { ChildFailures, failure } from '../failure.ts'
import type { Keyword } from './keyword.ts'

export const unevaluatedProperties: Keyword = (preparation) => {
  const rest = preparation.draft >= 2019 ? own(preparation.schema, 'unevaluatedProperties') : undefined
  if (rest === undefined) return undefined
  const node = preparation.node(rest, 'unevaluatedProperties')
  return (value, at, run) => {
    if (!isObject(value)) return undefined
    const failures = new ChildFailures(at)
    for (const key of Object.keys(value)) {
      run.spend(1)
      if (at.seen?.has(key)) continue
      const place = at.child(key)
      const failed = rest === false ? failure(place, 'is not a known property') : run.evaluate(node, value[key]!, place)
      if (failed !== undefined && failures.add(failed)) break
    }
    at.seen?.addAll()
    return failures.failure()
  }
}

export const unevaluatedItems: Keyword = (preparation) => {
  const rest = preparation.draft >= 2019 ? own(preparation.schema, 'unevaluatedItems') : undefined
  if (rest === undefined) return undefined
  const node = preparation.node(rest, 'unevaluatedItems')
  return (value, at, run) => {
    if (!Array.isArray(value)) return undefined
    const failures = new ChildFailures(at)
    for (let i = 0; i < value.length; i++) {
      run.spend(1)
      if (at.seen?.has(i)) continue
      const failed = run.evaluate(node, value[i]!, at.child(i))
      if (failed !== undefined && failures.add(failed)) break
    }
    at.seen?.addAll()
    return failures.failure()
  }
}
