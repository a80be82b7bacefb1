import { z } from 'zod'

/** Response of `GET /v1/info`. */
export const infoSchema = z
  .object({
    name: z.literal('codemode-executor'),
    version: z.string(),
    versions: z.object({
      node: z.string(),
      v8: z.string(),
      icu: z.string(),
      isolatedVm: z.string(),
      guestRuntime: z.string(),
    }),
    limits: z
      .record(z.string(), z.number())
      .meta({ description: 'Default limits of the API key, and the fixed limits' }),
    maxLimits: z
      .record(z.string(), z.number())
      .meta({ description: 'Maximum limits that a request with this API key may set' }),
    isolation: z
      .object({ tier: z.string(), layers: z.array(z.string()) })
      .meta({ description: 'Isolation of the sandbox processes' }),
    sandboxProcesses: z.int(),
  })
  .meta({ id: 'Info' })

export type Info = z.infer<typeof infoSchema>
