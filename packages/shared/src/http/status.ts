import { errorCodes, type RequestErrorCode } from '../errors/codes.ts'

/** Codes that say no more than their HTTP status does. */
const plainCodes = [
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'PAYLOAD_TOO_LARGE',
  'RATE_LIMITED',
  'OVERLOADED',
] as const

const codeByStatus: ReadonlyMap<number, RequestErrorCode> = new Map(
  plainCodes.map((code) => [errorCodes[code].httpStatus, code]),
)

/**
 * Returns the error code for the status of a response that names none: the code of the same meaning if there is one,
 * otherwise `INVALID_REQUEST` below 500 and `INTERNAL` from 500 on.
 */
export function codeOfStatus(status: number): RequestErrorCode {
  return codeByStatus.get(status) ?? (status < 500 ? 'INVALID_REQUEST' : 'INTERNAL')
}

const gatewayStatuses: ReadonlySet<number> = new Set([408, 425, 502, 504, 520, 521, 522, 523, 524, 527, 530])

/**
 * Returns whether gateways use a status to say that the server behind them gave no response; those from 520 on are of
 * CDNs. 503 is none, because servers send it themselves.
 */
export function isGatewayStatus(status: number): boolean {
  return gatewayStatuses.has(status)
}

/** Returns whether the same request may succeed later: after a gateway's status, 429 and 503. */
export function isTemporaryStatus(status: number): boolean {
  return isGatewayStatus(status) || errorCodes[codeOfStatus(status)].retryable
}
