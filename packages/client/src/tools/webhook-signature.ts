/** Verification of signatures by Standard Webhooks. Signatures are compared in constant time. */
import { createHmac, timingSafeEqual } from 'node:crypto'

import { webhookHeaders, webhookSignature } from '@codemode/shared/internal'

const toleranceSeconds = 5 * 60

/** Maximum difference in milliseconds between the time of a signature and this machine's clock. */
export const signatureToleranceMs = toleranceSeconds * 1_000

/** Headers of a request, by their names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>

/**
 * Returns the time at which a request was signed with this key, in milliseconds since the epoch; undefined if the
 * signature is missing, wrong, or outside the tolerance.
 */
export function signedAt(headers: RequestHeaders, body: Uint8Array, key: string): number | undefined {
  const id = headers[webhookHeaders.id]
  const seconds = Number.parseInt(headers[webhookHeaders.timestamp] ?? '', 10)
  if (!id || !(Math.abs(Math.floor(Date.now() / 1000) - seconds) <= toleranceSeconds)) return undefined
  const hmac = createHmac('sha256', Buffer.from(key, 'latin1'))
  const expected = Buffer.from(webhookSignature(hmac, { id, seconds, body }))
  const given = (headers[webhookHeaders.signature] ?? '').split(' ').map((signature) => Buffer.from(signature))
  const isSigned = given.some((each) => each.length === expected.length && timingSafeEqual(each, expected))
  return isSigned ? seconds * 1000 : undefined
}
