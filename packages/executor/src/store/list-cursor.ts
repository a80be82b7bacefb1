import { executionIdSchema, RequestError } from '@codemode/shared'
import { z } from 'zod'

/** Place of an execution in a list, which has the newest one first. */
export interface ListPlace {
  readonly createdAt: number
  readonly id: string
}

const placeSchema = z.tuple([z.int().nonnegative().max(8_640_000_000_000_000), executionIdSchema])

/** Returns a cursor, which clients pass back without reading it. */
export function encodeCursor({ createdAt, id }: ListPlace): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url')
}

/** Returns the place of a cursor. Throws INVALID_REQUEST if `encodeCursor` has not made it. */
export function decodeCursor(cursor: string): ListPlace {
  try {
    const [createdAt, id] = placeSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return { createdAt, id }
  } catch (cause) {
    throw invalidCursor(cause)
  }
}

/** Returns the refusal of a cursor that no page of the list had. */
export function invalidCursor(cause?: unknown): RequestError {
  return new RequestError('INVALID_REQUEST', 'cursor: it is not a nextCursor of this list', { cause })
}

/** Returns whether an execution comes after another one in a list. */
export function comesAfter(a: ListPlace, b: ListPlace): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id)
}
