/**
 * Check of values by a plain JSON Schema: an interpreter with a budget of steps, so that no value can block the
 * process.
 */
import type { Json } from '@codemode/shared'

import type { JsonSchema } from './draft.ts'
import { type Issue, issuesOf } from './failure.ts'
import { Location } from './location.ts'
import { prepareSchema } from './prepare.ts'
import { CheckAborted, tooDeep } from './budget.ts'
import { Evaluation } from './evaluation.ts'
import { SchemaError } from './schema-error.ts'
import { Scope } from './scope.ts'

/** Function that returns the issues of a value, at most 100; none if the value matches. */
export type JsonSchemaCheck = (value: Json) => readonly Issue[]

/**
 * Prepares the check by a schema of draft 4, 6, 7, 2019-09 or 2020-12 (the default). References may name the schemas of
 * `others` by URI; nothing is fetched. Throws a SchemaError if the schema is invalid.
 */
export function jsonSchemaCheck(
  schema: JsonSchema,
  others: Readonly<Record<string, JsonSchema>> = {},
): JsonSchemaCheck {
  const { root, isDynamic } = prepared(schema, others)
  return (value) => {
    try {
      const failed = new Evaluation(isDynamic).evaluate(root, value, new Location(new Scope(root.resource)))
      return failed === undefined ? [] : issuesOf(failed)
    } catch (error) {
      // The stack may overflow before the maximum depth is reached, because the caller has used a part of it.
      const aborted = error instanceof RangeError ? tooDeep() : error
      if (aborted instanceof CheckAborted) return [{ path: [], message: aborted.message }]
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
