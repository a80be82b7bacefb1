import type { Json } from '@codemode/shared'

import type { Failure } from './failure.ts'
import type { Place } from './place.ts'
import type { Resource } from './resources.ts'
import type { Run } from './run.ts'

/** One keyword, ready to be held against values. Returns why the value fails, or `undefined` if it matches. */
export type Check = (value: Json, at: Place, run: Run) => Failure | undefined

/** A schema, ready to be evaluated. */
export interface SchemaNode {
  readonly resource: Resource
  /** In the order of evaluation. */
  readonly checks: Check[]
  /** Checks of the children that no other keyword has evaluated: the last ones, and only if the others hold. */
  readonly finalChecks: Check[]
  /** Number of references that lead here. By them the schema may meet the same value again. */
  references: number
}
