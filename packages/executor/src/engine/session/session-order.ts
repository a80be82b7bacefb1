import { RequestError } from '@codemode/shared'

import type { SessionPlace } from '../../store/session-store.ts'

/** Returns whether a session comes after another one in a list, which has the newest one first. */
export function comesAfter(a: SessionPlace, b: SessionPlace): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id)
}

/** Compares two sessions for a list, which has the newest one first. */
export function byPlace(a: { readonly place: SessionPlace }, b: { readonly place: SessionPlace }): number {
  return comesAfter(a.place, b.place) ? 1 : -1
}

/** Returns the cursor of a page whose last session has this place. */
export function cursorOf({ createdAt, id }: SessionPlace): string {
  return `${createdAt}.${id}`
}

/** Returns the place that a cursor names. Throws `RequestError` INVALID_REQUEST for a cursor that no page had. */
export function placeOf(cursor: string): SessionPlace {
  const parts = /^(\d{1,15})\.(ses_[0-9a-f-]{36})$/.exec(cursor)
  if (parts === null) throw new RequestError('INVALID_REQUEST', 'cursor: it is not a nextCursor of this list')
  return { createdAt: Number(parts[1]), id: parts[2]! }
}
