import type { Primordials } from '../primordials.ts'
import { bytesOf } from './bytes.ts'
import type { DomExceptionClass } from './dom-exception.ts'
import type { WebHost } from './web-host.ts'

/**
 * Creates `crypto` with its random functions, which use the execution's seeded generator. There is no `crypto.subtle`.
 */
export function createCrypto(p: Primordials, host: WebHost, DOMException: DomExceptionClass): object {
  const crypto = {
    getRandomValues(array: unknown): unknown {
      if (typeof array !== 'object' || array === null) {
        throw new p.TypeError('The "data" argument must be an integer-type TypedArray')
      }
      const type = p.typedArrayTag(array)
      if (type === undefined || p.stringStartsWith(type, 'Float')) {
        throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError')
      }
      const view = bytesOf(p, array) as Uint8Array
      const size = p.typedArrayByteLength(view)
      if (size > 65_536) {
        throw new DOMException(`The requested length exceeds 65,536 bytes`, 'QuotaExceededError')
      }
      p.typedArraySet(view, host.randomBytes(size))
      return array
    },
    randomUUID(): string {
      const bytes = host.randomBytes(16)
      let text = ''
      for (let index = 0; index < 16; index++) {
        let byte = bytes[index] as number
        // Version 4, variant 10 (RFC 9562).
        if (index === 6) byte = (byte & 0x0f) | 0x40
        if (index === 8) byte = (byte & 0x3f) | 0x80
        const isGroupStart = index === 4 || index === 6 || index === 8 || index === 10
        text += (isGroupStart ? '-' : '') + p.stringPadStart(p.numberToString(byte, 16), 2, '0')
      }
      return text
    },
  }
  p.ReflectDefineProperty(crypto, p.SymbolToStringTag, {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    value: 'Crypto',
    configurable: true,
  })
  return crypto
}
