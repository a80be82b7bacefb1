/**
 * Check of values by a plain JSON Schema: an interpreter with a budget of steps, so that no value can block the
 * process.
 */
import type { Json } from '../json.ts'

import { CheckAborted, tooDeep } from './budget.ts'
import { withDefaults } from './defaults.ts'
import type { JsonSchema } from './draft.ts'
import { Evaluation } from './evaluation.ts'
import { type Issue, issuesOf } from './failure.ts'
import { Location } from './location.ts'
import { type PreparedSchema, prepareSchema } from './prepare.ts'
import { SchemaError } from './schema-error.ts'
import { Scope } from './scope.ts'

/** Function that returns the issues of a value, at most 100; none if the value matches. */
export type JsonSchemaCheck = (value: Json) => readonly Issue[]

/** Function that returns a value with the defaults of its schema, or the issues of the value. */
export type JsonSchemaParse = (value: Json) => { readonly value: Json } | { readonly issues: readonly Issue[] }

/**
 * Prepares the check by a schema of draft 4, 6, 7, 2019-09 or 2020-12 (the default). References may name the schemas of
 * `others` by URI; nothing is fetched. Throws a SchemaError if the schema is invalid.
 */
export function jsonSchemaCheck(
  schema: JsonSchema,
  others: Readonly<Record<string, JsonSchema>> = {},
): JsonSchemaCheck {
  const prepared = preparedOf(schema, others)
  return (value) => withinLimits(() => issuesIn(prepared, value))
}

/**
 * Prepares the check by a schema, as `jsonSchemaCheck` does, that also fills in its defaults. A value that only its
 * defaults make invalid is returned without them.
 */
export function jsonSchemaParse(schema: JsonSchema): JsonSchemaParse {
  const prepared = preparedOf(schema)
  const { root, hasDefaults } = prepared
  return (value) => {
    let parsed = value
    const issues = withinLimits(() => {
      if (hasDefaults) parsed = withDefaults(root, value)
      const found = issuesIn(prepared, parsed)
      if (found.length === 0 || !hasDefaults || issuesIn(prepared, value).length > 0) return found
      parsed = value
      return []
    })
    return issues.length === 0 ? { value: parsed } : { issues }
  }
}

function issuesIn({ root, isDynamic }: PreparedSchema, value: Json): readonly Issue[] {
  const failed = new Evaluation(isDynamic).evaluate(root, value, new Location(new Scope(root.resource)))
  return failed === undefined ? [] : issuesOf(failed)
}

/** Runs a check. Returns the issue that the value is too large or too deep if the check reaches a limit. */
function withinLimits(check: () => readonly Issue[]): readonly Issue[] {
  try {
    return check()
  } catch (error) {
    // The stack may overflow before the maximum depth is reached, because the caller has used a part of it.
    const aborted = error instanceof RangeError ? tooDeep() : error
    if (aborted instanceof CheckAborted) return [{ path: [], message: aborted.message }]
    throw error
  }
}

function preparedOf(...schemas: Parameters<typeof prepareSchema>): PreparedSchema {
  try {
    return prepareSchema(...schemas)
  } catch (error) {
    if (error instanceof RangeError) throw new SchemaError('it is nested too deeply', { cause: error })
    throw error
  }
}
