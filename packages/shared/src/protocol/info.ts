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
    limits: z.record(z.string(), z.number()).meta({ description: "The key's limits and the fixed ones" }),
    maxLimits: z.record(z.string(), z.number()).meta({ description: 'How far a request of this key may raise them' }),
    isolation: z
      .object({ tier: z.string(), layers: z.array(z.string()) })
      .meta({ description: 'What is around the processes that run code' }),
    sandboxProcesses: z.int(),
  })
  .meta({ id: 'Info' })

export type Info = z.infer<typeof infoSchema>
