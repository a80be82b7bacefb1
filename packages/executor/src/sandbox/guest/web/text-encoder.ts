import type { Primordials } from '../primordials.ts'
import { textOf } from './convert.ts'
import { utf8Length } from '../utf8.ts'
import { defineWebClass } from './define-web-class.ts'

/** Creates the Encoding Standard's `TextEncoder`. */
export function createTextEncoder(p: Primordials) {
  class TextEncoder {
    get encoding(): string {
      return 'utf-8'
    }

    encode(input: unknown = ''): Uint8Array {
      const text = p.stringToWellFormed(textOf(input))
      const bytes = new p.Uint8Array(utf8Length(p, text))
      writeUtf8(p, text, bytes)
      return bytes
    }

    encodeInto(source: unknown, destination: unknown): { read: number; written: number } {
      if (p.typedArrayTag(destination) !== 'Uint8Array') {
        throw new p.TypeError('The "dest" argument must be an instance of Uint8Array.')
      }
      return writeUtf8(p, p.stringToWellFormed(textOf(source)), destination as Uint8Array)
    }
  }
  defineWebClass(p, TextEncoder, 'TextEncoder')
  return TextEncoder
}

/** Writes as many whole characters as fit, and returns the units read and the bytes written. */
function writeUtf8(p: Primordials, text: string, bytes: Uint8Array): { read: number; written: number } {
  const room = p.typedArrayLength(bytes)
  let read = 0
  let written = 0
  while (read < text.length) {
    const code = p.stringCodePointAt(text, read) as number
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (written + size > room) break
    if (size === 1) bytes[written] = code
    else {
      bytes[written] = ((0xf00 >> size) & 0xff) | (code >> (6 * (size - 1)))
      for (let rest = 1; rest < size; rest++) bytes[written + rest] = 0x80 | ((code >> (6 * (size - 1 - rest))) & 0x3f)
    }
    written += size
    read += size === 4 ? 2 : 1
  }
  return { read, written }
}
