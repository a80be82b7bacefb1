import { z } from 'zod'

import { infoSchema } from './info.ts'

/** Response of `GET <console>/api/session`: the API key with which a person uses the web console, and what it shows. */
export const consoleSessionSchema = z.object({
  tenant: z.string(),
  owner: z.string(),
  keyId: z.string(),
  rights: z.array(z.enum(['run', 'read', 'approve', 'operate'])),
  /** Way in which the key came: exchanged for a cookie, or in a header of the operator's proxy. */
  signedInBy: z.enum(['cookie', 'header']),
  mode: z.enum(['on', 'read-only']),
  hasStore: z.boolean(),
  /** Executions that end now and are stored: all, only detached ones, or none, also if the store was never used. */
  stores: z.enum(['all', 'detached', 'nothing']),
  /** Milliseconds for which an execution that is not stored can be read after its end, at most. */
  retainMs: z.number(),
  forbidSelfApproval: z.boolean(),
  ...infoSchema.pick({ version: true, versions: true, isolation: true }).shape,
})

/** Session of the web console. */
export type ConsoleSession = z.infer<typeof consoleSessionSchema>
