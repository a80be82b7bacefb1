import { createHash } from 'node:crypto'

import type { Json } from '@codemode/shared'

/** Number of pieces of text that are hashed together. */
const batchPieces = 1_024

/** Array or object whose members are being written. */
interface OpenContainer {
  readonly value: Json[] | { readonly [key: string]: Json }
  /** Sorted keys of an object; undefined for an array. */
  readonly keys: readonly string[] | undefined
  readonly length: number
  next: number
}

/**
 * Returns a hash of a call's tool and input that is equal for equal JSON values, in any order of their keys. Linear in the
 * size of the input, at any depth of nesting.
 */
export function callFingerprint(tool: string, input: Json): string {
  const hash = createHash('sha256')
  let pieces = [JSON.stringify(tool)]
  const write = (piece: string): void => {
    if (pieces.push(piece) < batchPieces) return
    hash.update(pieces.join(''))
    pieces = []
  }
  const open: OpenContainer[] = []
  const enter = (value: Json): void => {
    if (typeof value !== 'object' || value === null) return write(JSON.stringify(value))
    const keys = Array.isArray(value) ? undefined : Object.keys(value).toSorted()
    write(keys === undefined ? '[' : '{')
    open.push({ value, keys, length: keys?.length ?? (value as Json[]).length, next: 0 })
  }
  enter(input)
  for (let container = open.at(-1); container !== undefined; container = open.at(-1)) {
    const { value, keys, length, next } = container
    if (next === length) {
      write(keys === undefined ? ']' : '}')
      open.pop()
      continue
    }
    container.next += 1
    if (next > 0) write(',')
    const key = keys?.[next]
    if (key !== undefined) write(`${JSON.stringify(key)}:`)
    enter(key === undefined ? (value as Json[])[next]! : (value as Record<string, Json>)[key]!)
  }
  return hash.update(pieces.join('')).digest('base64')
}
