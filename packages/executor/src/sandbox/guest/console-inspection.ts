import type { ContentsOf } from './contents.ts'
import type { Show } from './format-log.ts'
import type { PreviewIterator } from './inspect-iterator.ts'
import { indentLines } from './indent-lines.ts'
import { inspect, type InspectOptions } from './inspect.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseState } from './promise-states.ts'
import type { RuntimeState } from './state.ts'

/** Characters around the number that stands for the state of a promise; no text of Unicode has them. */
const tokenStart = '\uFDD0'
const tokenEnd = '\uFDD1'

interface Inspected {
  readonly text: string
  readonly promises: readonly object[] | undefined
}

/**
 * Creates the functions with which the console shows objects. A promise is shown by a token until its state is known, which takes one microtask.
 */
export function createConsoleInspection(p: Primordials, { inspectors, rare }: RuntimeState) {
  let preview: PreviewIterator | undefined
  /** Promises in the text that is being made; undefined if there are none. */
  let promises: object[] | undefined

  const contentsOf: ContentsOf = (value) => {
    for (let i = 0; i < inspectors.length; i++) {
      const contents = inspectors[i]!(value)
      if (contents !== undefined) return contents
    }
    return undefined
  }

  const options: InspectOptions = {
    __proto__: null,
    contentsOf,
    previewIterator: (iterator, kind) => (preview ??= rare('createPreviewIterator')(p))(iterator, kind),
    stateOf(promise) {
      promises ??= []
      p.arrayPush(promises, promise)
      return `${tokenStart}${promises.length - 1}${tokenEnd}`
    },
  }

  function textOf(found: PromiseState | undefined): string {
    if (found === undefined) return '<unknown>'
    if (found.state === 'pending') return '<pending>'
    const text = inspect(p, found.value, { __proto__: null, ...options, stateOf: undefined, depth: 1 })
    return found.state === 'rejected' ? `<rejected> ${text}` : text
  }

  return {
    /** Returns a value as text without the contents of platform objects, iterators and promises. */
    inspect: (value: unknown, shown?: InspectOptions): string => inspect(p, value, shown),
    /** Makes a text with values as the console shows them, and returns it with the promises whose tokens it contains. */
    make(format: (show: Show) => string): Inspected {
      promises = undefined
      const text = format((value, depth = 2) => inspect(p, value, { __proto__: null, ...options, depth }))
      return { text, promises }
    },
    /** Passes on a text with the states of its promises, in a later microtask. */
    whenStatesAreKnown({ text, promises: shown = [] }: Inspected, use: (text: string) => void): void {
      rare('readPromiseStates')(p, shown, (states) => {
        let known = ''
        let copied = 0
        for (let i = 0; i < states.length; i++) {
          const token = `${tokenStart}${i}${tokenEnd}`
          const at = p.stringIndexOf(text, token, copied)
          if (at === -1) break
          const before = known + p.stringSlice(text, copied, at)
          const state = textOf(states[i])
          const isLong = p.stringIndexOf(state, '\n') !== -1
          known = isLong ? onLinesOfItsOwn(p, before, state) : before + state
          copied = at + token.length + (isLong ? 1 : 0)
        }
        use(known + p.stringSlice(text, copied))
      })
    },
  }
}

/** Appends a state of several lines to the text before it, which ends with a bracket and a space. */
function onLinesOfItsOwn(p: Primordials, before: string, state: string): string {
  let start = before.length
  while (start > 0 && before[start - 1] !== '\n') start--
  let end = start
  while (before[end] === ' ') end++
  const margin = p.stringSlice(before, start, end)
  return `${p.stringSlice(before, 0, -1)}\n${margin}  ${indentLines(p, state, `${margin}  `)}\n${margin}`
}
