import { expect, test } from 'vitest'

import { webhookSignature } from './webhook-signature.ts'

test('a signature covers the id, the time and the body', () => {
  const decoder = new TextDecoder()
  let covered = ''
  const hmac = {
    update(data: string | Uint8Array) {
      covered += typeof data === 'string' ? data : decoder.decode(data)
      return hmac
    },
    digest: (encoding: string) => `mac in ${encoding}`,
  }
  const signature = webhookSignature(hmac, { id: 'msg_1', seconds: 7, body: new TextEncoder().encode('{}') })
  expect([covered, signature]).toEqual(['msg_1.7.{}', 'v1,mac in base64'])
})
