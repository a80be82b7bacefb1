import { z } from 'zod'

import { parseWrapperOptions } from '../executors/wrapper-options.ts'
import { executeOptionsSchema } from '../run/execute-options.ts'
import { minBudget } from './declarations/declarations.ts'
import { minChars } from './format-result.ts'
import type { RunCodeToolOptions } from './run-code-tool.ts'

const optionsSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must have 1 to 64 characters, and only letters, digits, _ and -: endpoints refuse others')
    .optional(),
  declarations: z.literal('description').optional(),
  budget: z.int().min(minBudget).optional(),
  maxChars: z.int().min(minChars).optional(),
  howToResume: z.string().optional(),
  execution: executeOptionsSchema.omit({ signal: true, correlationId: true }).optional(),
})

/**
 * Throws a ConfigurationError unless the options of the tool that runs code are valid: a mistake that shows in its first call would
 * be shown to the model, or lose a result.
 */
export function checkRunCodeToolOptions(options: RunCodeToolOptions): void {
  parseWrapperOptions(
    optionsSchema,
    options,
    'codemode.asTool({ maxChars: 20_000, execution: { executionTimeoutMs: 30_000 } })',
  )
}
