/**
 * How a message with long texts is put into bytes: they stand behind its JSON as they are, since they are mostly JSON
 * themselves, and to escape and to read that once more costs more than all else. In the JSON a mark stands for each, in
 * order. The reader trusts nothing: as many texts as marks, and not a byte more.
 *
 * A zero byte, which no JSON begins with; a segment with the JSON; a segment for each text. A segment is its length in
 * bytes (32 bits, big endian) and its bytes, which are UTF-16 (little endian) if the highest bit of the length is set, and
 * ASCII otherwise: both hold every text as it is, unpaired surrogates too.
 */

const segmentHeaderBytes = 4
const wideFlag = 0x8000_0000

/** What stands for a text; a short text that begins like it is lifted out too, so that nothing can be taken for it. */
const mark = '\0'
const isLifted = (text: string): boolean => text.length >= 1_024 || text.startsWith(mark)

/** Whether there are texts in a message that should stand behind it. */
export function hasLongTexts(message: unknown): boolean {
  if (typeof message === 'string') return isLifted(message)
  if (typeof message !== 'object' || message === null) return false
  // Every message is looked through, and this is by far the fastest way.
  const values = Object.values(message)
  for (let i = 0; i < values.length; i++) if (hasLongTexts(values[i])) return true
  return false
}

/** Puts a message with its long texts behind it at `start` of memory that has so many bytes more. */
export function encodeWithTexts(message: unknown, allocate: (sizeBytes: number) => Buffer, start: number): Buffer {
  const texts: string[] = []
  const json = JSON.stringify(message, (_key, value: unknown) => {
    if (typeof value !== 'string' || !isLifted(value)) return value
    texts.push(value)
    return mark
  })
  const segments = [json, ...texts].map((text) => ({ text, isWide: Buffer.byteLength(text) > text.length }))
  const sizeBytes = segments.reduce((sum, segment) => sum + segmentHeaderBytes + bytesOf(segment), 1)
  const bytes = allocate(sizeBytes)
  let at = bytes.writeUInt8(0, start)
  for (const segment of segments) {
    const { text, isWide } = segment
    at = bytes.writeUInt32BE((bytesOf(segment) | (isWide ? wideFlag : 0)) >>> 0, at)
    at += bytes.write(text, at, isWide ? 'utf16le' : 'latin1')
  }
  return bytes
}

function bytesOf({ text, isWide }: { text: string; isWide: boolean }): number {
  return isWide ? 2 * text.length : text.length
}

/** Whether it was made by `encodeWithTexts`, or means to look so. */
export function isWithTexts(bytes: Buffer): boolean {
  return bytes[0] === 0
}

/** The message. Throws if it is not one. */
export function decodeWithTexts(bytes: Buffer): unknown {
  let at = 1

  /** A text is read when its mark is found: one that nothing stands for costs nothing. */
  function next(): string {
    const header = bytes.readUInt32BE(at)
    const start = at + segmentHeaderBytes
    at = start + (header & ~wideFlag)
    if (at > bytes.length) throw new Error('a text ends behind its frame')
    return bytes.toString(header >= wideFlag ? 'utf16le' : 'latin1', start, at)
  }

  /** Not by a reviver of `JSON.parse`, which takes several times as long: a hostile frame may be full of values. */
  function restored(value: unknown): unknown {
    if (value === mark) return next()
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = restored(value[i])
    } else if (typeof value === 'object' && value !== null) {
      const fields = value as Record<string, unknown>
      for (const key of Object.keys(fields)) fields[key] = restored(fields[key])
    }
    return value
  }

  const message = restored(JSON.parse(next()))
  if (at !== bytes.length) throw new Error('there is more than the texts of the message')
  return message
}
