/**
 * Framing between the executor and a sandbox process. A frame is its length in bytes (32 bits, big endian) and that
 * many bytes of JSON in UTF-8, or of JSON with texts behind it (`frame-texts.ts`). The reader validates its input: a
 * length above the limit is refused before anything is allocated for it.
 */
import { decodeWithTexts, encodeWithTexts, hasLongTexts, isWithTexts } from './frame-texts.ts'
import { reusedBuffer } from './reused-buffer.ts'

const headerBytes = 4

/**
 * Maximum size in bytes of a frame that either side sends: the payload of a whole journal, of which a character takes
 * two bytes, and more.
 */
export const maxFrameBytes = 64 * 1024 * 1024

/**
 * Error of a frame that can't be read, or is too large to be sent. A process that sent such a frame is no longer
 * trusted.
 */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** Encodes one message as one frame. */
export function encodeFrame(message: unknown): Buffer {
  return encodeIn((sizeBytes) => Buffer.allocUnsafe(sizeBytes), message)
}

/** Encodes one message as one frame in a reused buffer. The frame is valid until the next one is encoded or read. */
export function encodeTransientFrame(message: unknown): Buffer {
  return encodeIn(reusedBuffer, message)
}

function encodeIn(allocate: (sizeBytes: number) => Buffer, message: unknown): Buffer {
  const encode = hasLongTexts(message) ? encodeWithTexts : encodeJson
  const frame = encode(message, (sizeBytes) => allocate(headerBytes + sizeBytes), headerBytes)
  const length = frame.length - headerBytes
  if (length > maxFrameBytes)
    throw new FrameError(`a frame of ${length} bytes exceeds the limit of ${maxFrameBytes} bytes`)
  frame.writeUInt32BE(length)
  return frame
}

/**
 * Writes a message as JSON at `start` of the memory that `allocate` returns, which has room for `sizeBytes` from there.
 */
function encodeJson(message: unknown, allocate: (sizeBytes: number) => Buffer, start: number): Buffer {
  const text = JSON.stringify(message)
  const bytes = allocate(Buffer.byteLength(text))
  bytes.write(text, start)
  return bytes
}

/**
 * Reader that cuts a stream of bytes into frames. Chunks are kept as they arrive and joined once, when a frame is
 * complete.
 */
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
      throw new FrameError(`a frame of ${length} bytes is outside the limits of 1 to ${this.#limitBytes} bytes`)
    }
    return length
  }

  /** Removes and returns the next bytes, which the last chunk completes. They are valid until the next call. */
  #take(size: number): Buffer {
    const last = this.#chunks.pop()!
    const restLength = this.#buffered - size
    const rest = last.subarray(last.length - restLength)
    const end = last.subarray(0, last.length - restLength)
    const bytes = this.#chunks.length === 0 ? end : joinChunks([...this.#chunks, end], size)
    this.#chunks = restLength > 0 ? [rest] : []
    this.#buffered = restLength
    return bytes
  }
}

function joinChunks(chunks: readonly Buffer[], sizeBytes: number): Buffer {
  const bytes = reusedBuffer(sizeBytes)
  let at = 0
  for (const chunk of chunks) at += chunk.copy(bytes, at)
  return bytes
}

function parseMessage(bytes: Buffer): unknown {
  try {
    return isWithTexts(bytes) ? decodeWithTexts(bytes) : JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new FrameError('a frame cannot be decoded', { cause })
  }
}
