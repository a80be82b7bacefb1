import { createHmac } from 'node:crypto'

import { webhookHeaders, webhookSignature } from '@codemode/shared/internal'

/** Returns the headers that sign a request after https://www.standardwebhooks.com, version 1, with the current time. */
export function signatureHeaders(id: string, body: Uint8Array, key: Uint8Array): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1_000)
  const hmac = createHmac('sha256', key)
  return {
    [webhookHeaders.id]: id,
    [webhookHeaders.timestamp]: String(seconds),
    [webhookHeaders.signature]: webhookSignature(hmac, { id, seconds, body }),
  }
}
