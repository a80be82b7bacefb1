import { z } from 'zod'

import { turnEffectsSchema } from './journal.ts'

const turn = z.int().positive().meta({ description: 'Number of the turn, from 1' })

/** Response of `POST /v1/executions/:id/replay`: whether the code does now what its journal says. */
export const replayVerdictSchema = z
  .discriminatedUnion('verdict', [
    z.object({ verdict: z.literal('same'), turns: z.int().nonnegative() }),
    z.object({
      verdict: z.literal('diverged'),
      turn,
      expected: turnEffectsSchema.meta({ description: 'Effects of the turn in the journal' }),
      actual: turnEffectsSchema.meta({ description: 'Effects of the turn in the replay' }),
    }),
    z.object({ verdict: z.literal('stopped'), turn, message: z.string() }),
    z.object({ verdict: z.literal('unrunnable'), message: z.string() }),
  ])
  .meta({ id: 'ReplayVerdict' })

export type ReplayVerdict = z.infer<typeof replayVerdictSchema>
