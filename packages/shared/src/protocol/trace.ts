import { z } from 'zod'

/** Context of a span as W3C Trace Context (https://www.w3.org/TR/trace-context/) has it, without baggage. */
export const traceContextSchema = z
  .object({
    traceparent: z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
    tracestate: z.string().max(512).optional(),
  })
  .meta({ id: 'TraceContext', description: 'Context of a span (W3C Trace Context)' })
