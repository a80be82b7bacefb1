/** Checks values against a plain JSON Schema: an interpreter with a budget, so that no value stops the process. */
import type { Json } from '@codemode/shared'

import type { JsonSchema } from './draft.ts'
import { type Issue, issuesOf } from './failure.ts'
import { Place } from './place.ts'
import { prepareSchema } from './prepare.ts'
import { GivenUp, Run, tooDeep } from './run.ts'
import { SchemaError } from './schema-error.ts'
import { Scope } from './scope.ts'

/** Returns what is wrong with a value, at most 100 reasons; none if it matches. */
export type JsonSchemaCheck = (value: Json) => readonly Issue[]

/**
 * Prepares the check of a schema of draft 4, 6, 7, 2019-09 or 2020-12 (the default). Throws a SchemaError if it is no
 * schema. `others` are schemas that references may name by URI; nothing is fetched.
 */
export function jsonSchemaCheck(
  schema: JsonSchema,
  others: Readonly<Record<string, JsonSchema>> = {},
): JsonSchemaCheck {
  const { root, isDynamic } = prepared(schema, others)
  return (value) => {
    try {
      const failed = new Run(isDynamic).evaluate(root, value, new Place(new Scope(root.resource)))
      return failed === undefined ? [] : issuesOf(failed)
    } catch (error) {
      // The stack may end before the depth that is allowed: the caller has used some of it.
      const givenUp = error instanceof RangeError ? tooDeep() : error
      if (givenUp instanceof GivenUp) return [{ path: [], message: givenUp.message }]
      throw error
    }
  }
}

function prepared(...schemas: Parameters<typeof prepareSchema>): ReturnType<typeof prepareSchema> {
  try {
    return prepareSchema(...schemas)
  } catch (error) {
    if (error instanceof RangeError) throw new SchemaError('it is nested too deeply', { cause: error })
    throw error
  }
}
