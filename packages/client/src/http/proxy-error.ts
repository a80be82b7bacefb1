import { isTemporaryStatus } from '@codemode/shared/internal'

import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'

/** Proxy as named in messages: its origin, without credentials, and the environment variable that sets it. */
export interface NamedProxy {
  readonly origin: string
  readonly variable: string
}

interface Connection {
  readonly origin: string
  readonly connectTimeoutMs: number
  readonly executionId: string | undefined
  readonly correlationId: string
}

/** Error of a connection to a proxy. It has no `code`, since undici reconnects after errors with some codes. */
export class ProxyConnectError extends Error {
  override readonly name = 'ProxyConnectError'
}

/**
 * Returns the error for a failure of the proxy before any byte of the request was sent; undefined for any other cause.
 * The status with which a proxy refuses is read from undici's message, which is the only place that has it.
 */
export function proxyError(
  cause: unknown,
  proxy: NamedProxy,
  connection: Connection,
): ExecutorConnectionError | ExecutorTimeoutError | undefined {
  if (!(cause instanceof Error)) return undefined
  const { connectTimeoutMs, executionId, correlationId } = connection
  const name = `${proxy.origin} (${proxy.variable})`
  const fields = { executionId, correlationId, cause }
  const failure = cause instanceof ProxyConnectError ? (cause.cause as NodeJS.ErrnoException) : cause
  const code = 'code' in failure && typeof failure.code === 'string' ? failure.code : undefined
  if (cause instanceof ProxyConnectError && code === 'UND_ERR_CONNECT_TIMEOUT') {
    return timedOut(`Connecting to the proxy ${name} took longer than connectTimeoutMs`, fields, connectTimeoutMs)
  }
  // Only the CONNECT request of a tunnel has a headers timeout.
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return timedOut(`The proxy ${name} opened no connection within connectTimeoutMs`, fields, connectTimeoutMs)
  }
  const suggestion = `Check ${proxy.variable}, or add ${new URL(connection.origin).hostname} to NO_PROXY.`
  const status = refusedWith(failure)
  if (status !== undefined) {
    const message = `The proxy ${name} refused to connect to the executor at ${connection.origin}: it answered ${status}`
    return new ExecutorConnectionError(message, {
      ...fields,
      httpStatus: status,
      retryable: status >= 500 || isTemporaryStatus(status),
      suggestion:
        status === 407
          ? `Put the proxy's user name and password into ${proxy.variable} (http://user:password@host:port).`
          : suggestion,
    })
  }
  if (!(cause instanceof ProxyConnectError) && !proxyCodes.has(code ?? '')) return undefined
  const reason = code ?? failure.message
  return new ExecutorConnectionError(`The proxy ${name} could not be reached: ${reason}`, { ...fields, suggestion })
}

/** Codes of undici's proxy errors: a certificate for another host, and a connection that broke during CONNECT. */
const proxyCodes: ReadonlySet<string> = new Set(['UND_ERR_PRX_TLS', 'UND_ERR_PRX_CONN'])

function refusedWith({ message }: Error): number | undefined {
  const status = /^Proxy response \((\d{3})\) |^Proxy Authentication Required \((407)\)$/.exec(message)
  return status === null ? undefined : Number(status[1] ?? status[2])
}

function timedOut(
  message: string,
  fields: { executionId: string | undefined; correlationId: string; cause: unknown },
  timeoutMs: number,
): ExecutorTimeoutError {
  return new ExecutorTimeoutError('CONNECTION_FAILED', `${message} (${timeoutMs} ms)`, {
    ...fields,
    retryable: true,
    layer: 'connect',
    timeoutMs,
    option: 'connectTimeoutMs',
  })
}
