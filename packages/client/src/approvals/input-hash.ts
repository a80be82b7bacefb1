import { createHash } from 'node:crypto'

import type { Json } from '@codemode/shared'

/** Returns the hash by which a decision names the input of a call: the SHA-256 of its JSON text, as hexadecimal text. */
export function inputHashOf(input: Json): string {
  return createHash('sha256').update(JSON.stringify(input)).digest('hex')
}
