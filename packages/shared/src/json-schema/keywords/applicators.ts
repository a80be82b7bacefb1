/** Keywords that apply other schemas to the same value. */
import { isObject } from '../../is-object.ts'
import type { Json } from '../../json.ts'

import { isSchema, own } from '../draft.ts'
import { closest, type Failure, failure, joined } from '../failure.ts'
import type { Check, Evaluator, SchemaNode } from '../node.ts'
import type { Location } from '../location.ts'
import { EvaluatedChildren } from '../evaluated-children.ts'
import { type Keyword, listOf, malformed, namesOf, type Preparation, recordOf } from './keyword.ts'
import { missingMessage } from './objects.ts'

const inPlace = { inPlace: true }

function branchesOf({ schema, ...preparation }: Preparation, keyword: string): SchemaNode[] | undefined {
  const list = listOf(schema, keyword)
  if (list?.length === 0) throw malformed(keyword, list, 'a list that is not empty')
  return list?.map((each) => preparation.node(each, keyword, inPlace))
}

/**
 * Evaluates a schema whose failure does not fail the whole. The children that it evaluated count only if it matches.
 */
function evaluateBranch(
  node: SchemaNode,
  value: Json,
  { at, evaluation }: { at: Location; evaluation: Evaluator },
): Failure | undefined {
  if (at.evaluated === undefined) return evaluation.evaluate(node, value, at)
  const evaluated = new EvaluatedChildren()
  const failed = evaluation.evaluate(node, value, at.with(at.scope, evaluated))
  if (failed === undefined) evaluation.spend(at.evaluated.merge(evaluated))
  return failed
}

export const allOf: Keyword = (preparation) => {
  const branches = branchesOf(preparation, 'allOf')
  if (branches === undefined) return undefined
  for (const branch of branches) preparation.addFill((value, filler) => filler.fill(branch, value))
  return (value, at, evaluation) => {
    let failure: Failure | undefined
    for (const branch of branches) {
      const failed = evaluation.evaluate(branch, value, at)
      if (failed !== undefined) failure = failure === undefined ? failed : joined(failure, failed)
    }
    return failure
  }
}

export const anyOf: Keyword = (preparation) => {
  const branches = branchesOf(preparation, 'anyOf')
  if (branches === undefined) return undefined
  return (value, at, evaluation) => {
    const failures: Failure[] = []
    let matches = false
    for (const branch of branches) {
      const failed = evaluateBranch(branch, value, { at, evaluation })
      if (failed !== undefined) failures.push(failed)
      else matches = true
      if (matches && at.evaluated === undefined) break
    }
    return matches ? undefined : closest(at, failures)
  }
}

export const oneOf: Keyword = (preparation) => {
  const branches = branchesOf(preparation, 'oneOf')
  if (branches === undefined) return undefined
  return (value, at, evaluation) => {
    const failures: Failure[] = []
    let match: number | undefined
    for (const [i, branch] of branches.entries()) {
      const failed = evaluateBranch(branch, value, { at, evaluation })
      if (failed !== undefined) failures.push(failed)
      else if (match === undefined) match = i
      else return failure(at, `matches more than one of the alternatives: number ${match + 1} and number ${i + 1}`)
    }
    return match === undefined ? closest(at, failures) : undefined
  }
}

export const not: Keyword = (preparation) => {
  const value = own(preparation.schema, 'not')
  if (value === undefined) return undefined
  const node = preparation.node(value, 'not', inPlace)
  return (value, at, evaluation) => {
    const location = at.evaluated === undefined ? at : at.with(at.scope, new EvaluatedChildren())
    return evaluation.evaluate(node, value, location) === undefined
      ? failure(at, 'matches what "not" forbids')
      : undefined
  }
}

/** Keywords `if`, `then` and `else`. */
export const condition: Keyword = (preparation) => {
  const [ifValue, thenValue, elseValue] = ['if', 'then', 'else'].map((keyword) => own(preparation.schema, keyword))
  if (preparation.draft < 7 || ifValue === undefined) return undefined
  const ifNode = preparation.node(ifValue, 'if', inPlace)
  const thenNode = thenValue === undefined ? undefined : preparation.node(thenValue, 'then', inPlace)
  const elseNode = elseValue === undefined ? undefined : preparation.node(elseValue, 'else', inPlace)
  return (value, at, evaluation) => {
    const next = evaluateBranch(ifNode, value, { at, evaluation }) === undefined ? thenNode : elseNode
    return next === undefined ? undefined : evaluation.evaluate(next, value, at)
  }
}

/** Keywords `dependentRequired`, `dependentSchemas`, and `dependencies`, which combined both before draft 2019-09. */
export const dependent: Keyword = (preparation) => {
  const { schema, draft } = preparation
  const parts = (keyword: string, isKnown: boolean) =>
    ((isKnown && recordOf(schema, keyword)) || []).map(([name, value]) => ({ keyword, name, value }))
  const all = [
    ...parts('dependencies', true),
    ...parts('dependentRequired', draft >= 2019),
    ...parts('dependentSchemas', draft >= 2019),
  ]
  const checks = all.map(({ keyword, name, value }) => {
    const isNames = keyword === 'dependentRequired' || (keyword === 'dependencies' && !isSchema(value))
    return {
      name,
      check: isNames ? namesCheck(value, keyword) : schemaCheck(preparation.node(value, keyword, inPlace)),
    }
  })
  if (checks.length === 0) return undefined
  return (value, at, evaluation) => {
    if (!isObject(value)) return undefined
    evaluation.spend(checks.length)
    let failure: Failure | undefined
    for (const { name, check } of checks) {
      const failed = Object.hasOwn(value, name) ? check(value, at, evaluation) : undefined
      if (failed !== undefined) failure = failure === undefined ? failed : joined(failure, failed)
    }
    return failure
  }
}

const schemaCheck =
  (node: SchemaNode): Check =>
  (value, at, evaluation) =>
    evaluation.evaluate(node, value, at)

function namesCheck(value: Json, keyword: string): Check {
  const names = namesOf(typeof value === 'string' ? [value] : value, keyword)
  if (names === undefined) throw malformed(keyword, value, 'an array of strings')
  return (value, at, evaluation) => {
    evaluation.spend(names.length)
    const missing = names.filter((name) => !Object.hasOwn(value as object, name))
    return missing.length === 0 ? undefined : failure(at, missingMessage(missing))
  }
}
