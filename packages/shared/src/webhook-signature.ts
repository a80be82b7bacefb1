/** Names of the headers of Standard Webhooks (https://www.standardwebhooks.com), in lower case. */
export const webhookHeaders = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
} as const

/** HMAC-SHA256 with the key of the signature, such as Node's. */
interface Hmac {
  update(data: string | Uint8Array): Hmac
  digest(encoding: 'base64'): string
}

/** Parts of a message that the signature covers; the time is in seconds since the epoch. */
interface SignedParts {
  readonly id: string
  readonly seconds: number
  readonly body: Uint8Array
}

/** Returns the signature of a message by Standard Webhooks, version 1. */
export function webhookSignature(hmac: Hmac, { id, seconds, body }: SignedParts): string {
  return `v1,${hmac.update(`${id}.${seconds}.`).update(body).digest('base64')}`
}
