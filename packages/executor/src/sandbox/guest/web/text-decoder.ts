import type { Primordials } from '../primordials.ts'
import { dictionaryOf, textOf } from './convert.ts'
import { bytesOf, createTextBuilder } from './bytes.ts'
import { defineWebClass } from './define-web-class.ts'
import { encodingOf, type Encoding } from './encoding-labels.ts'

/**
 * Creates the Encoding Standard's `TextDecoder`, for UTF-8, UTF-16 and windows-1252 (which `latin1` means in the
 * standard).
 */
export function createTextDecoder(p: Primordials) {
  class TextDecoder {
    readonly #encoding: Encoding
    readonly #isFatal: boolean
    readonly #ignoreBom: boolean
    /** Bytes of an incomplete character that the next chunk completes. */
    #pending: Uint8Array = new p.Uint8Array(0)
    #isPastBom = false

    constructor(label: unknown = 'utf-8', options: unknown = null) {
      const name = textOf(label)
      const encoding = encodingOf(p, name)
      if (encoding === undefined) {
        const error = new p.RangeError(
          `The "${name}" encoding is not supported. The supported encodings are utf-8, utf-16le, utf-16be and windows-1252 (latin1).`,
        )
        throw p.ObjectAssign(error, { code: 'ERR_ENCODING_NOT_SUPPORTED' })
      }
      const init = dictionaryOf(p, options)
      this.#encoding = encoding
      this.#isFatal = !!init['fatal']
      this.#ignoreBom = !!init['ignoreBOM']
    }

    get encoding(): string {
      return this.#encoding
    }
    get fatal(): boolean {
      return this.#isFatal
    }
    get ignoreBOM(): boolean {
      return this.#ignoreBom
    }

    decode(input: unknown = new p.Uint8Array(0), options: unknown = null): string {
      const chunk = bytesOf(p, input)
      if (!chunk) throw new p.TypeError('The "input" argument must be an instance of ArrayBuffer or ArrayBufferView.')
      const isStream = !!dictionaryOf(p, options)['stream']
      const bytes = this.#withPending(chunk)
      const builder = createTextBuilder(p)
      const emit = (code: number): void => {
        const isBom = code === 0xfeff && !this.#isPastBom && !this.#ignoreBom && this.#encoding !== 'windows-1252'
        this.#isPastBom = true
        if (!isBom) builder.add(code)
      }
      try {
        const consumed = decoders[this.#encoding](p, bytes, { isStream, emit, fail: () => this.#fail(emit) })
        const rest = p.typedArrayLength(bytes) - consumed
        this.#pending = new p.Uint8Array(rest)
        for (let index = 0; index < rest; index++) this.#pending[index] = bytes[consumed + index] as number
        if (!isStream) this.#isPastBom = false
      } catch (error) {
        this.#pending = new p.Uint8Array(0)
        this.#isPastBom = false
        throw error
      }
      return builder.finish()
    }

    #withPending(chunk: Uint8Array): Uint8Array {
      const pendingLength = p.typedArrayLength(this.#pending)
      if (pendingLength === 0) return chunk
      const bytes = new p.Uint8Array(pendingLength + p.typedArrayLength(chunk))
      p.typedArraySet(bytes, this.#pending)
      p.typedArraySet(bytes, chunk, pendingLength)
      return bytes
    }

    #fail(emit: (code: number) => void): void {
      if (!this.#isFatal) return emit(0xfffd)
      const error = new p.TypeError(`The encoded data was not valid for encoding ${this.#encoding}`)
      throw p.ObjectAssign(error, { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' })
    }
  }
  defineWebClass(p, TextDecoder, 'TextDecoder')
  return TextDecoder
}

interface Decoding {
  readonly isStream: boolean
  readonly emit: (code: number) => void
  readonly fail: () => void
}

/**
 * Decodes UTF-8. Each decoder returns the number of bytes that it consumed: fewer than there are if a character
 * continues in the next chunk.
 */
function decodeUtf8(p: Primordials, bytes: Uint8Array, { isStream, emit, fail }: Decoding): number {
  const length = p.typedArrayLength(bytes)
  let index = 0
  while (index < length) {
    const first = bytes[index] as number
    if (first < 0x80) {
      emit(first)
      index += 1
      continue
    }
    const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
    if (size === 0) {
      fail()
      index += 1
      continue
    }
    // The range of the second byte excludes overlong forms, surrogates and code points above U+10FFFF.
    let lower = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    let upper = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    let code = first & (0xff >> (size + 1))
    let read = 1
    while (read < size && index + read < length) {
      const byte = bytes[index + read] as number
      if (byte < lower || byte > upper) break
      lower = 0x80
      upper = 0xbf
      code = (code << 6) | (byte & 0x3f)
      read += 1
    }
    if (read === size) emit(code)
    else if (isStream && index + read === length) return index
    else fail()
    index += read
  }
  return index
}

function decodeUtf16Le(p: Primordials, bytes: Uint8Array, decoding: Decoding): number {
  return decodeUtf16(p, bytes, decoding, (at) => bytes[at]! | (bytes[at + 1]! << 8))
}

function decodeUtf16Be(p: Primordials, bytes: Uint8Array, decoding: Decoding): number {
  return decodeUtf16(p, bytes, decoding, (at) => (bytes[at]! << 8) | bytes[at + 1]!)
}

function decodeUtf16(
  p: Primordials,
  bytes: Uint8Array,
  { isStream, emit, fail }: Decoding,
  unitAt: (at: number) => number,
): number {
  const length = p.typedArrayLength(bytes)
  let index = 0
  while (index + 1 < length) {
    const unit = unitAt(index)
    const isLead = unit >= 0xd800 && unit < 0xdc00
    if (isLead && index + 3 >= length && isStream) return index
    const next = isLead && index + 3 < length ? unitAt(index + 2) : 0
    if (next >= 0xdc00 && next < 0xe000) {
      emit(0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00))
      index += 4
      continue
    }
    if (unit >= 0xd800 && unit < 0xe000) {
      fail()
      // An incomplete pair at the end and a byte after it are one error.
      if (isLead && index + 3 === length) return length
    } else emit(unit)
    index += 2
  }
  if (index === length || isStream) return index
  fail()
  return length
}

function decodeWindows1252(p: Primordials, bytes: Uint8Array, { emit }: Decoding): number {
  const length = p.typedArrayLength(bytes)
  for (let index = 0; index < length; index++) {
    const byte = bytes[index] as number
    emit(byte >= 0x80 && byte < 0xa0 ? p.stringCharCodeAt(windows1252, byte - 0x80) : byte)
  }
  return length
}

/** Characters 0x80 to 0x9F, in which windows-1252 differs from Latin-1. */
const windows1252 =
  '\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178'

const decoders = {
  'utf-8': decodeUtf8,
  'utf-16le': decodeUtf16Le,
  'utf-16be': decodeUtf16Be,
  'windows-1252': decodeWindows1252,
}
