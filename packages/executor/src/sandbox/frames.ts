/**
 * The framing between the executor and a sandbox process: a frame is its length in bytes (32 bits, big endian) and
 * that many bytes of JSON in UTF-8, or of JSON with texts behind it (`frame-texts.ts`). The reader trusts nothing: a length
 * above the limit ends the conversation before anything is allocated for it.
 */
import { decodeWithTexts, encodeWithTexts, hasLongTexts, isWithTexts } from './frame-texts.ts'

const headerBytes = 4

/** The largest frame that either side sends: a journal's worth of payload, of which a character takes two bytes, and more. */
export const maxFrameBytes = 64 * 1024 * 1024

/** A frame that can't be read; the process that sent it is not to be trusted any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** Encodes one message as one frame. */
export function encodeFrame(message: unknown): Buffer {
  const frame = hasLongTexts(message) ? encodeWithTexts(message, headerBytes) : encodeJson(message)
  const length = frame.length - headerBytes
  if (length > maxFrameBytes) throw new FrameError(`a frame of ${length} bytes exceeds the limit of ${maxFrameBytes}`)
  frame.writeUInt32BE(length)
  return frame
}

function encodeJson(message: unknown): Buffer {
  const text = JSON.stringify(message)
  const frame = Buffer.allocUnsafe(headerBytes + Buffer.byteLength(text))
  frame.write(text, headerBytes)
  return frame
}

/** Cuts a stream of bytes into frames. Chunks are kept as they came and joined once, when a frame is complete. */
export class FrameReader {
  readonly #limitBytes: number
  #chunks: Buffer[] = []
  #buffered = 0
  #wanted = headerBytes
  #inHeader = true

  constructor(limitBytes: number = maxFrameBytes) {
    this.#limitBytes = limitBytes
  }

  /** Takes the next bytes and returns the messages that they complete. Throws `FrameError`. */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    const messages: unknown[] = []
    while (this.#buffered >= this.#wanted) {
      const bytes = this.#take(this.#wanted)
      if (this.#inHeader) this.#wanted = this.#checkedLength(bytes.readUInt32BE(0))
      else {
        messages.push(parseMessage(bytes))
        this.#wanted = headerBytes
      }
      this.#inHeader = !this.#inHeader
    }
    return messages
  }

  #checkedLength(length: number): number {
    if (length === 0 || length > this.#limitBytes) {
      throw new FrameError(`a frame of ${length} bytes is outside 1 to ${this.#limitBytes}`)
    }
    return length
  }

  #take(size: number): Buffer {
    const joined = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#buffered)
    const rest = joined.subarray(size)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#buffered = rest.length
    return joined.subarray(0, size)
  }
}

function parseMessage(bytes: Buffer): unknown {
  try {
    return isWithTexts(bytes) ? decodeWithTexts(bytes) : JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new FrameError('a frame is not JSON', { cause })
  }
}
