import { RequestError } from '@codemode/shared'
import { parseWith } from '@codemode/shared/internal'
import type { z } from 'zod'

import { asSentence, summary } from '../problem-texts.ts'
import type { HttpContext } from './http-context.ts'

/** Parses the query of a request. Throws `RequestError` INVALID_REQUEST. */
export function readQuery<Schema extends z.ZodType>(c: HttpContext, schema: Schema): z.output<Schema> {
  const query = parseWith(schema, c.req.query())
  if (!query.ok)
    throw new RequestError('INVALID_REQUEST', `The query is not valid: ${asSentence(summary(query.problems))}`)
  return query.value
}
