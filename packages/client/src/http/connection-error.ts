import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { proxyError, type NamedProxy } from './proxy-error.ts'

interface Connection {
  readonly origin: string
  readonly proxy: NamedProxy | undefined
  readonly connectTimeoutMs: number
  readonly executionId: string | undefined
  readonly correlationId: string
}

/** Failures of these system calls come before a byte of the request is sent. */
const connecting = new Set(['connect', 'getaddrinfo'])
const certificateCodes = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

/** Returns the error for a failure of the network; ambiguous unless it is certain that the request was not sent. */
export function connectionError(
  cause: unknown,
  connection: Connection,
): ExecutorConnectionError | ExecutorTimeoutError {
  const { origin, proxy, connectTimeoutMs, executionId, correlationId } = connection
  const failedAtProxy = proxy && proxyError(cause, proxy, connection)
  if (failedAtProxy) return failedAtProxy
  const code = fieldOf(cause, 'code')
  const fields = { executionId, correlationId, cause }
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new ExecutorTimeoutError(
      'CONNECTION_FAILED',
      `Connecting to the executor at ${origin} took longer than connectTimeoutMs (${connectTimeoutMs} ms)`,
      { ...fields, retryable: true, layer: 'connect', timeoutMs: connectTimeoutMs, option: 'connectTimeoutMs' },
    )
  }
  const isCertificate = certificateCodes.test(code ?? '')
  const reason = code ?? (cause instanceof Error ? cause.message : 'unknown')
  if (isCertificate || connecting.has(fieldOf(cause, 'syscall') ?? '') || code === 'ECONNREFUSED') {
    return new ExecutorConnectionError(`The executor at ${origin} could not be reached: ${reason}`, {
      ...fields,
      retryable: !isCertificate,
      suggestion: `Check that the executor runs and that executorUrl (${origin}) is right.`,
    })
  }
  return new ExecutorConnectionError(`The connection to the executor at ${origin} broke: ${reason}`, {
    ...fields,
    ambiguous: true,
  })
}

function fieldOf(error: unknown, field: string): string | undefined {
  const value: unknown =
    typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[field] : undefined
  return typeof value === 'string' ? value : undefined
}
