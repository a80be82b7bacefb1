import { textHead } from '@codemode/shared/internal'
import { errors } from 'undici'

import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import { fieldOf } from '../errors/thrown.ts'
import { proxyError, type NamedProxy } from './proxy-error.ts'

interface Connection {
  readonly origin: string
  readonly proxy: NamedProxy | undefined
  readonly connectTimeoutMs: number
  /** True if the executor has ever answered. */
  readonly hasBeenReached: boolean
  readonly executionId: string | undefined
  readonly correlationId: string
}

/** System calls that fail before any byte of the request is sent. */
const connectSyscalls = new Set(['connect', 'getaddrinfo'])
const certificateCodes = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/
/** OpenSSL errors before any byte of the request is sent, mostly because the server does not speak TLS. */
const handshakeErrors =
  /wrong.version.number|packet.length.too.long|http.request|handshake.failure|protocol.version|unsupported.protocol|unrecognized.name/i

/** Returns the error for a network failure. It is ambiguous unless it is certain that the request was not sent. */
export function connectionError(
  cause: unknown,
  connection: Connection,
): ExecutorConnectionError | ExecutorTimeoutError {
  const { origin, proxy, connectTimeoutMs, executionId, correlationId } = connection
  const failedAtProxy = proxy && proxyError(cause, proxy, connection)
  if (failedAtProxy) return failedAtProxy
  const code = textOf(cause, 'code') ?? ''
  const fields = { executionId, correlationId, cause }
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new ExecutorTimeoutError(
      'CONNECTION_FAILED',
      `Connecting to the executor at ${origin} took longer than connectTimeoutMs (${connectTimeoutMs} ms)`,
      { ...fields, retryable: true, layer: 'connect', timeoutMs: connectTimeoutMs, option: 'connectTimeoutMs' },
    )
  }
  const reason = reasonOf(cause, code)
  if (/^(ERR_SSL_|EPROTO$)/.test(code) && handshakeErrors.test(`${code} ${textOf(cause, 'message')?.slice(0, 300)}`)) {
    return new ExecutorConnectionError(`The TLS handshake with the server at ${origin} failed: ${reason}`, {
      ...fields,
      retryable: false,
      suggestion: 'If the executor is served without TLS, executorUrl must begin with http://.',
    })
  }
  // The port belongs to another protocol, such as TLS or SSH.
  if (cause instanceof errors.HTTPParserError) {
    return new ExecutorConnectionError(`The server at ${origin} does not respond with HTTP: ${reason}`, {
      ...fields,
      retryable: false,
      ambiguous: true,
      suggestion: `Check host and port of executorUrl (${origin}). If they are served with TLS, it must begin with https://.`,
    })
  }
  if (certificateCodes.test(code)) {
    return new ExecutorConnectionError(`The certificate of the server at ${origin} is not accepted: ${reason}`, {
      ...fields,
      retryable: false,
      suggestion: `Check that the certificate is valid for ${new URL(origin).hostname}. If a certificate authority of your own has signed it, start Node with NODE_EXTRA_CA_CERTS=<PEM file of that authority>.`,
    })
  }
  if (connectSyscalls.has(textOf(cause, 'syscall') ?? '') || code === 'ECONNREFUSED') {
    return new ExecutorConnectionError(`The executor at ${origin} could not be reached: ${reason}`, {
      ...fields,
      retryable: true,
      suggestion: `Check that the executor runs and that executorUrl (${origin}) is right.`,
    })
  }
  // A server with TLS closes connections that begin without it.
  const ifTls =
    origin.startsWith('http:') && !connection.hasBeenReached
      ? ' If it is served with TLS, it must begin with https://.'
      : ''
  return new ExecutorConnectionError(`The connection to the executor at ${origin} broke: ${reason}`, {
    ...fields,
    ambiguous: true,
    suggestion: `Check that executorUrl (${origin}) is the URL of an executor, and the proxies and gateways before it.${ifTls}`,
  })
}

/** Returns the code of an error, with its message if it is one of undici's codes, which do not say what failed. */
function reasonOf(cause: unknown, code: string): string {
  const message = cause instanceof Error ? textHead(cause.message.split('\n', 1)[0]!, 100) : ''
  if (code === '') return message === '' ? 'unknown' : message
  return code.startsWith('UND_ERR_') && message !== '' ? `${message} (${code})` : code
}

function textOf(error: unknown, field: string): string | undefined {
  const value = fieldOf(error, field)
  return typeof value === 'string' ? value : undefined
}
