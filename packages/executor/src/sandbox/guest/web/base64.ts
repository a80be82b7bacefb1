import type { Primordials } from '../primordials.ts'
import { textOf } from './convert.ts'
import { createTextBuilder } from './bytes.ts'
import type { DomExceptionClass } from './dom-exception.ts'

/** Creates `atob` and `btoa`, for strings that hold a byte in each character. */
export function createBase64(p: Primordials, DOMException: DomExceptionClass) {
  return {
    atob(data: unknown): string {
      if (arguments.length === 0) throw new p.TypeError('The "data" argument must be specified')
      const text = textOf(data)
      let bytes: Uint8Array
      try {
        bytes = p.Uint8ArrayFromBase64(text)
      } catch {
        const isForeign = p.regExpExec(/[^A-Za-z0-9+/\s]/, text) !== null
        const message = isForeign ? 'Invalid character' : 'The string to be decoded is not correctly encoded.'
        throw new DOMException(message, 'InvalidCharacterError')
      }
      const builder = createTextBuilder(p)
      const length = p.typedArrayLength(bytes)
      for (let index = 0; index < length; index++) builder.add(bytes[index] as number)
      return builder.finish()
    },
    btoa(data: unknown): string {
      if (arguments.length === 0) throw new p.TypeError('The "data" argument must be specified')
      const text = textOf(data)
      const bytes = new p.Uint8Array(text.length)
      for (let index = 0; index < text.length; index++) {
        const unit = p.stringCharCodeAt(text, index)
        if (unit > 255) throw new DOMException('Invalid character', 'InvalidCharacterError')
        bytes[index] = unit
      }
      return p.uint8ArrayToBase64(bytes)
    },
  }
}
