import { hash } from 'node:crypto'

import { fixedLimits, RequestError } from '@codemode/shared'
import { parseWith, textHead } from '@codemode/shared/internal'
import type { z } from 'zod'

import { parseJson } from '../json-text.ts'
import { asSentence, quotedHead, reported, summary } from '../problem-texts.ts'
import { inexactNumber } from './inexact-number.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** Maximum body sizes of the routes, in bytes. */
export const bodyLimits = {
  /** Code and input at their limits take 1.25 MiB; the rest is for context, config, tools, and JSON's escapes. */
  executionBytes: 4 * MiB,
  /** An execution takes no more answers than its journal holds, so one request need not carry more. */
  toolResultsBytes: fixedLimits.journalBytes + MiB,
  cancelBytes: 64 * KiB,
} as const

const utf8 = new TextDecoder('utf-8', { fatal: true })

interface JsonBodyOptions<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly maxBytes: number
  /** Value that an empty body stands for. If absent, an empty body is refused. */
  readonly whenEmpty?: z.input<Schema>
  /**
   * True if numbers are refused that a double cannot hold, because a person who edits a value must get what they wrote. By
   * default they are rounded, as `JSON.parse` does.
   */
  readonly refusesInexactNumbers?: boolean
}

/** The parsed value of a body, with its bytes. */
export interface JsonBody<Value> {
  readonly value: Value
  readonly bytes: Uint8Array
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string
}

/**
 * Creates a reader of JSON bodies, which limits their size before it parses them and validates them strictly. The
 * reader rejects with `RequestError`.
 */
export function jsonBody<Schema extends z.ZodType>({
  schema,
  maxBytes,
  whenEmpty,
  refusesInexactNumbers = false,
}: JsonBodyOptions<Schema>) {
  return async function readJsonBody(request: Request): Promise<JsonBody<z.output<Schema>>> {
    const bytes = await boundedBytes(request, maxBytes)
    const isEmpty = bytes.byteLength === 0 && whenEmpty !== undefined
    if (!isEmpty) refuseOtherTypes(request.headers)
    const parsed = parseWith(schema, isEmpty ? whenEmpty : jsonValue(bytes, refusesInexactNumbers))
    if (!parsed.ok) {
      throw invalid(`The request is not valid: ${asSentence(summary(parsed.problems))}`, {
        details: { issues: parsed.problems.slice(0, 50).map((problem) => ({ ...reported(problem) })) },
      })
    }
    return { value: parsed.value, bytes, sha256: hash('sha256', bytes, 'hex') }
  }
}

function refuseOtherTypes(headers: Headers): void {
  const type = headers.get('content-type')
  if (!/^application\/json\s*(;|$)/i.test(type ?? '')) {
    throw invalid(`The request's content-type is ${type === null ? 'missing' : quotedHead(type)}.`, {
      suggestion: 'Send the body with "content-type: application/json".',
    })
  }
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') {
    throw invalid(`The request's content-encoding is ${quotedHead(encoding)}.`, {
      suggestion: 'Send the body without a content-encoding.',
    })
  }
}

function jsonValue(bytes: Uint8Array, refusesInexactNumbers: boolean): unknown {
  if (bytes.byteLength === 0) throw invalid("The request's body is empty; it must be a JSON object.")
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw invalid("The request's body is not valid UTF-8.")
  }
  const json = parseJson(text)
  const inexact = json.ok && refusesInexactNumbers ? inexactNumber(text) : undefined
  if (inexact !== undefined) {
    throw invalid(`The number ${textHead(inexact, 100)} cannot be kept: JavaScript reads it as ${Number(inexact)}.`, {
      suggestion: 'Send a number with fewer digits, or a string.',
    })
  }
  if (json.ok) return json.value
  const { reason, place } = json
  throw invalid(`The request's body is not valid JSON: ${reason}.`, place && { details: { ...place } })
}

/**
 * Resolves with the whole body. A body that declares too large a length is refused before any of it is read; one
 * without a declared length is refused while it arrives.
 */
async function boundedBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > maxBytes) throw tooLarge(maxBytes, Number(declared))
  try {
    // HTTP/1.1 passes no more than the declared length, and Node reads such a body in one step.
    if (declared !== null) return new Uint8Array(await request.arrayBuffer())
    const chunks: Uint8Array[] = []
    let readBytes = 0
    for await (const chunk of request.body ?? []) {
      readBytes += chunk.byteLength
      if (readBytes > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    if (error instanceof RequestError) throw error
    throw new RequestError('INVALID_REQUEST', "The request's body is incomplete: the connection was lost.", {
      cause: error,
    })
  }
}

function tooLarge(limitBytes: number, sizeBytes?: number): RequestError {
  const message =
    sizeBytes === undefined
      ? `The request's body is larger than the limit of ${limitBytes} bytes.`
      : `The request's body is ${sizeBytes} bytes; the limit is ${limitBytes} bytes.`
  return new RequestError('PAYLOAD_TOO_LARGE', message, {
    details: { limitBytes, ...(sizeBytes !== undefined && { sizeBytes }) },
  })
}

function invalid(message: string, options: ConstructorParameters<typeof RequestError>[2] = {}): RequestError {
  return new RequestError('INVALID_REQUEST', message, options)
}
