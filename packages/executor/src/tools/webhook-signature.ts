import { createHmac } from 'node:crypto'

/** Returns the headers that sign a request after https://www.standardwebhooks.com, version 1, with the current time. */
export function signature(id: string, body: Uint8Array, key: string): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1_000)
  const mac = createHmac('sha256', Buffer.from(key, 'latin1')).update(`${id}.${seconds}.`).update(body)
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${mac.digest('base64')}`,
  }
}
