import { z } from 'zod'

import { jsonObjectSchema } from '../json.ts'
import { codesOfKind } from './codes.ts'

/** Body of every 4xx and 5xx response of the executor. */
export const errorBodySchema = z
  .object({
    error: z.object({
      code: z.enum(codesOfKind('request')),
      message: z.string(),
      retryable: z.boolean(),
      ambiguous: z.boolean().meta({ description: 'Whether the code may have run although the request failed' }),
      correlationId: z.string(),
      executionId: z.string().optional(),
      details: jsonObjectSchema.optional(),
      suggestion: z.string().optional(),
    }),
  })
  .meta({ id: 'ErrorBody' })

export type ErrorBody = z.infer<typeof errorBodySchema>
