import { defineGlobal, defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'
import { readClock, type RuntimeState } from './state.ts'
import { installTemporal } from './temporal.ts'

/**
 * Makes every clock of the language read the turn's timestamp: `Date`, `performance`, the default argument of
 * `Intl.DateTimeFormat` and `Temporal.Now`.
 */
export function installClock(p: Primordials, state: RuntimeState): void {
  installDate(p, state)
  installDateTimeFormat(p, state)
  installTemporal(p, state)
  const performance = {
    now: () => readClock(state) - state.startedAt,
    get timeOrigin() {
      return state.startedAt
    },
    toJSON: () => ({ timeOrigin: state.startedAt }),
  }
  p.ReflectDefineProperty(performance, p.SymbolToStringTag, { value: 'Performance', configurable: true })
  defineGlobal(p, 'performance', performance)
}

function installDate(p: Primordials, state: RuntimeState): void {
  const Original = p.Date
  // Named by its property: the bundler would rename a function that has the name of a global.
  const { Date: FrozenDate } = {
    Date: function (...fields: unknown[]): unknown {
      if (new.target === undefined) return p.dateToString(new Original(readClock(state)))
      const target = (new.target as unknown) === FrozenDate ? Original : new.target
      return p.ReflectConstruct(Original, fields.length === 0 ? [readClock(state)] : fields, target)
    },
  }
  p.ReflectDefineProperty(FrozenDate, 'prototype', { value: Original.prototype, writable: false, configurable: false })
  p.ReflectDefineProperty(FrozenDate, 'length', { value: 7, writable: false, configurable: true })
  defineHidden(p, FrozenDate, 'now', { now: () => readClock(state) }.now)
  defineHidden(p, FrozenDate, 'parse', p.DateParse)
  defineHidden(p, FrozenDate, 'UTC', p.DateUTC)
  defineHidden(p, Original.prototype, 'constructor', FrozenDate)
  defineGlobal(p, 'Date', FrozenDate)
}

function installDateTimeFormat(p: Primordials, state: RuntimeState): void {
  const prototype = Intl.DateTimeFormat.prototype as object
  const getFormat = p.ReflectGetOwnPropertyDescriptor(prototype, 'format')!.get!
  const toParts = p.ReflectGetOwnPropertyDescriptor(prototype, 'formatToParts')!.value as () => unknown
  // A format object has one function `format`, so there is one replacement for each of them.
  let replacements: WeakMap<object, object> | undefined
  const members = {
    get format() {
      const format = p.ReflectApply(getFormat, this, []) as (date: unknown) => string
      replacements ??= new p.WeakMap()
      let replacement = p.weakMapGet(replacements, format)
      if (replacement === undefined) {
        // The original has no name, and neither has a function in a list.
        replacement = [(date: unknown) => format(date === undefined ? state.at : date)][0]!
        p.weakMapSet(replacements, format, replacement)
      }
      return replacement
    },
    formatToParts(date: unknown) {
      return p.ReflectApply(toParts, this, [date === undefined ? state.at : date])
    },
  }
  p.ReflectDefineProperty(prototype, 'format', { get: p.ReflectGetOwnPropertyDescriptor(members, 'format')!.get! })
  defineHidden(p, prototype, 'formatToParts', members.formatToParts)
}
