/**
 * Sets OpenTelemetry up for the process that loads it, before its program: `node --import ./telemetry.ts program.ts`. The
 * same file serves clients and executors. Spans go to the collector at `OTEL_EXPORTER_OTLP_ENDPOINT`.
 */
import { env } from 'node:process'

import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

export const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] ?? 'application' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
})
trace.setGlobalTracerProvider(provider)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
