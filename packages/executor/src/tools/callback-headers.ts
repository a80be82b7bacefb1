import { headers } from '@codemode/shared'
import { propagation, type Context } from '@opentelemetry/api'

import { signatureHeaders } from './signature-headers.ts'

interface CallbackRequest {
  readonly executionId: string
  readonly callId: string
  readonly correlationId: string
  /** Token of the callback, which is also the key of the signature. */
  readonly token: string
  readonly body: Uint8Array
  /** Context of the span whose id is propagated. */
  readonly trace: Context
}

/** Returns the headers of a request to a tool server, signed with the current time. */
export function callbackHeaders(request: CallbackRequest): Record<string, string> {
  const { executionId, callId, correlationId, token, body, trace } = request
  const traceHeaders: Record<string, string> = {}
  propagation.inject(trace, traceHeaders)
  return {
    ...traceHeaders,
    ...signatureHeaders(callId, body, Buffer.from(token, 'latin1')),
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'codemode-executor',
    [headers.authorization]: `Bearer ${token}`,
    [headers.correlationId]: correlationId,
    [headers.executionId]: executionId,
  }
}
