/**
 * Decoding of bodies that a proxy has compressed. The client asks for uncompressed bodies with
 * `accept-encoding: identity`, but some proxies compress them anyway.
 */
import { pipeline, type Readable } from 'node:stream'
import * as zlib from 'node:zlib'

const decoders = {
  gzip: { text: zlib.gunzipSync, stream: zlib.createGunzip },
  'x-gzip': { text: zlib.gunzipSync, stream: zlib.createGunzip },
  deflate: { text: zlib.inflateSync, stream: zlib.createInflate },
  br: { text: zlib.brotliDecompressSync, stream: zlib.createBrotliDecompress },
} as const

type Headers = Readonly<Record<string, string | undefined>>

interface Decoding {
  /** Whether the end of the body is missing. */
  readonly isCut: boolean
  /** Maximum size of the decoded body in bytes, so that a decompression bomb can't exhaust the memory or block the event loop. */
  readonly maxBytes: number
}

/** Returns the decoded text of a body; an empty text if its encoding is unknown or invalid, or if it is too large. */
export function decodeText(body: Buffer, headers: Headers, { isCut, maxBytes }: Decoding): string {
  const encoding = contentEncoding(headers)
  if (encoding === undefined) return body.toString('utf8')
  const decoder = decoderOf(encoding)
  if (decoder === undefined) return ''
  try {
    const flush = encoding === 'br' ? zlib.constants.BROTLI_OPERATION_FLUSH : zlib.constants.Z_SYNC_FLUSH
    return decoder.text(body, { maxOutputLength: maxBytes, ...(isCut && { finishFlush: flush }) }).toString('utf8')
  } catch {
    return ''
  }
}

/** Returns a decoded stream of a body; undefined if its content encoding is unknown. */
export function decodeStream(body: Readable, headers: Headers): Readable | undefined {
  const encoding = contentEncoding(headers)
  if (encoding === undefined) return body
  const decoder = decoderOf(encoding)
  // `pipeline` destroys both streams on an error, which the reader of the decoded stream gets.
  return decoder && pipeline(body, decoder.stream(), () => {})
}

/** Returns the content encoding of a response in lower case; undefined if there is none. */
export function contentEncoding(headers: Headers): string | undefined {
  const encoding = headers['content-encoding']?.trim().toLowerCase()
  return encoding === undefined || encoding === '' || encoding === 'identity' ? undefined : encoding
}

function decoderOf(encoding: string): (typeof decoders)[keyof typeof decoders] | undefined {
  return Object.hasOwn(decoders, encoding) ? decoders[encoding as keyof typeof decoders] : undefined
}
