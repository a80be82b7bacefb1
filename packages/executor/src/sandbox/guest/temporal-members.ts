import type { ContentsOf } from './contents.ts'
import { defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'
import { readClock, type RuntimeState } from './state.ts'

/** Part of `Temporal` that is used here; TypeScript's library does not describe all of it. */
interface Instant {
  until(other: Instant): object
  toZonedDateTimeISO(zone: unknown): ZonedDateTime
}
interface ZonedDateTime {
  toPlainDateTime(): object
  toPlainDate(): PlainDate
  toPlainTime(): object
}
interface PlainDate {
  toPlainYearMonth(): object
  toPlainMonthDay(): object
}

/** Time zone of the guest, as in the environment of a sandbox process. */
const localZone = 'UTC'

/**
 * Fills a namespace with the classes and functions of `Temporal`. V8's namespace is gone, but all its classes are reached
 * from a date, by a method that can't be captured ahead. If code replaces this method first, it gets a `Temporal` that is
 * made with its replacement.
 */
export function fillTemporal(p: Primordials, state: RuntimeState, namespace: object): void {
  fillNamespace(p, namespace, 'Temporal', membersOf(p, state))
}

function membersOf(p: Primordials, state: RuntimeState): object {
  const { toTemporalInstant } = p.Date.prototype as unknown as { toTemporalInstant: () => Instant }
  if (typeof toTemporalInstant !== 'function') {
    throw new p.TypeError('Temporal needs Date.prototype.toTemporalInstant, which the code has removed')
  }
  const instantAt = (ms: number) => p.ReflectApply(toTemporalInstant, new p.Date(ms), [])
  const first = instantAt(0)
  const zoned = first.toZonedDateTimeISO(localZone)
  const date = zoned.toPlainDate()
  const classes = {
    PlainDate: date.constructor,
    PlainTime: zoned.toPlainTime().constructor,
    PlainDateTime: zoned.toPlainDateTime().constructor,
    ZonedDateTime: zoned.constructor,
    Duration: first.until(first).constructor,
    Instant: first.constructor,
    PlainYearMonth: date.toPlainYearMonth().constructor,
    PlainMonthDay: date.toPlainMonthDay().constructor,
  }
  p.arrayPush(state.inspectors, createContentsOf(p, classes))
  return {
    Now: createNow(p, () => instantAt(readClock(state)), { first, zoned }),
    ...classes,
  }
}

/** Creates the function that shows an object of `Temporal` to the console: as its `toString` does. */
function createContentsOf(
  p: Primordials,
  classes: Readonly<Record<string, { readonly prototype: object }>>,
): ContentsOf {
  const methods = new p.Map<object, () => string>()
  const names = p.ObjectKeys(classes)
  for (let i = 0; i < names.length; i++) {
    const { prototype } = classes[names[i]!]!
    p.mapSet(methods, prototype, p.ReflectGetOwnPropertyDescriptor(prototype, 'toString')?.value as () => string)
  }
  return (value) => {
    const prototype = p.ReflectGetPrototypeOf(value)
    const toText = prototype === null ? undefined : p.mapGet(methods, prototype)
    if (toText === undefined) return undefined
    try {
      const text: unknown = p.ReflectApply(toText, value, [])
      return typeof text === 'string' ? { kind: 'text', text } : undefined
    } catch {
      return undefined
    }
  }
}

function createNow(
  p: Primordials,
  instant: () => Instant,
  { first, zoned }: { first: Instant; zoned: ZonedDateTime },
): object {
  const { toZonedDateTimeISO } = first
  const { toPlainDateTime, toPlainDate, toPlainTime } = zoned
  const zonedDateTimeAt = (zone: unknown) => p.ReflectApply(toZonedDateTimeISO, instant(), [zone])
  const now = {}
  fillNamespace(p, now, 'Temporal.Now', {
    instant: () => instant(),
    timeZoneId: () => localZone,
    plainDateTimeISO: (zone: unknown = localZone) => p.ReflectApply(toPlainDateTime, zonedDateTimeAt(zone), []),
    zonedDateTimeISO: (zone: unknown = localZone) => zonedDateTimeAt(zone),
    plainDateISO: (zone: unknown = localZone) => p.ReflectApply(toPlainDate, zonedDateTimeAt(zone), []),
    plainTimeISO: (zone: unknown = localZone) => p.ReflectApply(toPlainTime, zonedDateTimeAt(zone), []),
  })
  return now
}

function fillNamespace(p: Primordials, namespace: object, tag: string, members: object): void {
  const names = p.ObjectKeys(members)
  for (let i = 0; i < names.length; i++) {
    defineHidden(p, namespace, names[i]!, (members as Record<string, unknown>)[names[i]!])
  }
  p.ReflectDefineProperty(namespace, p.SymbolToStringTag, {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    value: tag,
    writable: false,
    enumerable: false,
    configurable: true,
  })
}
