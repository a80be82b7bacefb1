import { z } from 'zod'

/** Maximum length of a stored `tracestate`, which vendors have to propagate (W3C Trace Context, 3.3.1.5). */
export const maxTraceStateLength = 512

/** Context of a span as W3C Trace Context (https://www.w3.org/TR/trace-context/) has it, without baggage. */
export const traceContextSchema = z
  .object({
    traceparent: z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
    tracestate: z.string().max(maxTraceStateLength).optional(),
  })
  .meta({ id: 'TraceContext', description: 'Context of a span (W3C Trace Context)' })

export type TraceContext = z.infer<typeof traceContextSchema>
