/**
 * Encoding of a message with long texts. They follow its JSON unescaped: they are mostly JSON themselves, and escaping
 * and parsing that once more costs more than everything else. In the JSON a placeholder stands for each text, in order.
 * The reader validates its input: it requires as many texts as placeholders, and no further bytes.
 *
 * The layout is a zero byte, which no JSON begins with; a segment with the JSON; a segment for each text. A segment is
 * its length in bytes (32 bits, big endian) and its bytes, which are UTF-16 (little endian) if the highest bit of the
 * length is set, and ASCII otherwise. The two encodings hold every text unchanged, including unpaired surrogates.
 */

const segmentHeaderBytes = 4
/** Highest bit of a segment's length, which is set if the text is UTF-16. */
const utf16Flag = 0x8000_0000

/**
 * Placeholder of a text. A short text that begins with it is moved behind the JSON too, so that no text can be taken
 * for a placeholder.
 */
const placeholder = '\0'
const followsJson = (text: string): boolean => text.length >= 1_024 || text.startsWith(placeholder)

/** Returns whether a message has texts that should follow its JSON. */
export function hasLongTexts(message: unknown): boolean {
  if (typeof message === 'string') return followsJson(message)
  if (typeof message !== 'object' || message === null) return false
  // Every message is searched, and this loop is by far the fastest way.
  const values = Object.values(message)
  for (let i = 0; i < values.length; i++) if (hasLongTexts(values[i])) return true
  return false
}

/**
 * Writes a message with its long texts at `start` of the memory that `allocate` returns, which has room for `sizeBytes`
 * from there.
 */
export function encodeWithTexts(message: unknown, allocate: (sizeBytes: number) => Buffer, start: number): Buffer {
  const texts: string[] = []
  const json = JSON.stringify(message, (_key, value: unknown) => {
    if (typeof value !== 'string' || !followsJson(value)) return value
    texts.push(value)
    return placeholder
  })
  const segments = [json, ...texts].map((text) => ({ text, isUtf16: Buffer.byteLength(text) > text.length }))
  const sizeBytes = segments.reduce((sum, segment) => sum + segmentHeaderBytes + bytesOf(segment), 1)
  const bytes = allocate(sizeBytes)
  let at = bytes.writeUInt8(0, start)
  for (const segment of segments) {
    const { text, isUtf16 } = segment
    at = bytes.writeUInt32BE((bytesOf(segment) | (isUtf16 ? utf16Flag : 0)) >>> 0, at)
    at += bytes.write(text, at, isUtf16 ? 'utf16le' : 'latin1')
  }
  return bytes
}

function bytesOf({ text, isUtf16 }: { text: string; isUtf16: boolean }): number {
  return isUtf16 ? 2 * text.length : text.length
}

/** Returns whether bytes begin like those of `encodeWithTexts`. The rest is not checked. */
export function isWithTexts(bytes: Buffer): boolean {
  return bytes[0] === 0
}

/** Decodes the bytes of a message with long texts. Throws if they are not such a message. */
export function decodeWithTexts(bytes: Buffer): unknown {
  let at = 1

  /** Reads the next text. It is called when a placeholder is found, so a text without one costs nothing. */
  function nextText(): string {
    const header = bytes.readUInt32BE(at)
    const start = at + segmentHeaderBytes
    at = start + (header & ~utf16Flag)
    if (at > bytes.length) throw new Error('a text is longer than the rest of its frame')
    return bytes.toString(header >= utf16Flag ? 'utf16le' : 'latin1', start, at)
  }

  /**
   * Replaces the placeholders in a value by their texts. A reviver of `JSON.parse` would take several times as long,
   * and a hostile frame may be full of values.
   */
  function withTexts(value: unknown): unknown {
    if (value === placeholder) return nextText()
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = withTexts(value[i])
    } else if (typeof value === 'object' && value !== null) {
      const fields = value as Record<string, unknown>
      for (const key of Object.keys(fields)) fields[key] = withTexts(fields[key])
    }
    return value
  }

  const message = withTexts(JSON.parse(nextText()))
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes follow the texts of the message`)
  return message
}
