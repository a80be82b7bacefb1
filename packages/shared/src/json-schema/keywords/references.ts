/** Keywords `$ref`, `$dynamicRef` (2020-12) and `$recursiveRef` (2019-09). */
import { type Keyword, textOf } from './keyword.ts'

export const ref: Keyword = (preparation) => {
  const uri = textOf(preparation.schema, '$ref')
  if (uri === undefined) return undefined
  const node = preparation.reference(uri)
  preparation.addFill((value, filler) => filler.fill(node, value))
  return (value, at, evaluation) => evaluation.evaluate(node, value, at)
}

export const dynamicRef: Keyword = (preparation) => {
  const keyword = preparation.draft >= 2020 ? '$dynamicRef' : '$recursiveRef'
  const uri = preparation.draft >= 2019 ? textOf(preparation.schema, keyword) : undefined
  if (uri === undefined) return undefined
  const { initial, anchor, nodeOf } = preparation.dynamicReference(uri, keyword)
  if (anchor === undefined) return (value, at, evaluation) => evaluation.evaluate(initial, value, at)
  return (value, at, evaluation) => {
    const resource = at.scope.outermostWith(anchor)
    return evaluation.evaluate((resource && nodeOf.get(resource)) ?? initial, value, at)
  }
}
