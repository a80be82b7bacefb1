import { trace } from '@opentelemetry/api'

import { SpanRecorder } from './span-recorder.ts'

/** OpenTelemetry SDK of each thread that loads these tools. */
export const recorder = new SpanRecorder()

export const tools = { traceId: () => trace.getActiveSpan()?.spanContext().traceId }
