import type { Json } from '../json.ts'

import type { Budget } from './budget.ts'
import type { ValueIds } from './equality.ts'
import type { Failure } from './failure.ts'
import type { Location } from './location.ts'
import type { Resource } from './resources.ts'

/** Prepared check of one keyword. It returns the reason for which the value fails, or `undefined` if it matches. */
export type Check = (value: Json, at: Location, evaluation: Evaluator) => Failure | undefined

/** Step that fills defaults into a value, in place. */
export type Fill = (value: Json, filler: Filler) => void

/** Walk through a value that fills in the defaults of a schema. */
export interface Filler extends Budget {
  /** Fills the defaults of a schema into a value. */
  fill(node: SchemaNode, value: Json): void
  /** Returns the default of a child that is missing, with the defaults inside it; undefined if there is none. */
  defaultOf(node: SchemaNode): Json | undefined
}

/** Prepared schema. */
export interface SchemaNode {
  readonly resource: Resource
  /** Default of the value, if it has one that matches the schema. */
  default: Json | undefined
  /** Steps that fill in the defaults of children. */
  readonly fills: Fill[]
  /** Checks in the order of evaluation. */
  readonly checks: Check[]
  /** Checks for the children that no other keyword has evaluated. They run last, and only if the others pass. */
  readonly finalChecks: Check[]
  /** Number of references to this schema. Through them it may be applied to the same value again. */
  references: number
}

/** Evaluation of schemas within the budget of one check. */
export interface Evaluator extends Budget {
  /** Ids of the values that were compared. */
  readonly valueIds: ValueIds
  /** Evaluates a schema against a value. Returns the reason for which the value fails, or undefined if it matches. */
  evaluate(node: SchemaNode, value: Json, at: Location): Failure | undefined
}
