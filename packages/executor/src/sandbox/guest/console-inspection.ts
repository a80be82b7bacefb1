import type { ContentsOf } from './contents.ts'
import type { Show } from './format-log.ts'
import type { GroupEntries } from './group-entries.ts'
import type { PreviewIterator } from './inspect-iterator.ts'
import { indentLines } from './indent-lines.ts'
import { inspect, type InspectOptions } from './inspect.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseState } from './promise-states.ts'
import type { RuntimeState } from './state.ts'

/**
 * Characters before and after the number that stands for the state of a promise. Code may log them too, so a text is made
 * twice, with other characters: only where the two differ is a token.
 */
const marks = '\uFDD0\uFDD1'
const otherMarks = '\uFDD2\uFDD3'

interface Inspected {
  readonly text: string
  /** The same text with the other characters. */
  readonly twin: string
  readonly promises: readonly object[] | undefined
}

/**
 * Creates the functions with which the console shows objects. A promise is shown by a token until its state is known,
 * which takes one microtask.
 */
export function createConsoleInspection(p: Primordials, state: RuntimeState) {
  const { inspectors, rare } = state
  let preview: PreviewIterator | undefined
  let group: GroupEntries | undefined
  /** Promises in the text that is being made; undefined if there are none. */
  let promises: object[] | undefined
  let currentMarks = marks

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
    previewIterator(iterator, kind) {
      return state.mayReadAhead ? (preview ??= rare('createPreviewIterator')(p))(iterator, kind) : undefined
    },
    groupEntries: (list) => (group ??= rare('createGroupEntries')(p))(list),
    stateOf(promise) {
      promises ??= []
      p.arrayPush(promises, promise)
      return tokenOf(promises.length - 1, currentMarks)
    },
  }

  function textOf(found: PromiseState | undefined): string {
    if (found === undefined) return '<unknown>'
    if (found.state === 'pending') return '<pending>'
    const text = inspect(p, found.value, { __proto__: null, ...options, stateOf: undefined, depth: 1 })
    return found.state === 'rejected' ? `<rejected> ${text}` : text
  }

  /** Makes a text with certain characters. A proxy in it may log something else meanwhile. */
  function makeWith(characters: string, format: (show: Show) => string) {
    const outer = { promises, marks: currentMarks }
    promises = undefined
    currentMarks = characters
    try {
      const text = format((value, shown = 2) => {
        const own = typeof shown === 'number' ? { depth: shown } : shown
        return inspect(p, value, { __proto__: null, ...options, ...own })
      })
      return { text, promises }
    } finally {
      promises = outer.promises
      currentMarks = outer.marks
    }
  }

  /** Returns the offset of a token in a text, from `start` on, at which its twin has the other characters; -1 if none. */
  function indexOfToken(text: string, twin: string, index: number, start: number): number {
    const token = tokenOf(index, marks)
    const other = tokenOf(index, otherMarks)
    let at = p.stringIndexOf(text, token, start)
    // Twins of different lengths come from a proxy that shows something else each time.
    while (at !== -1 && text.length === twin.length && !p.stringStartsWith(twin, other, at)) {
      at = p.stringIndexOf(text, token, at + 1)
    }
    return at
  }

  return {
    /** Returns a value as text without the contents of platform objects, iterators and promises. */
    inspect: (value: unknown, shown?: InspectOptions): string => inspect(p, value, shown),
    /** Makes a text with values as the console shows them, and returns it with the promises whose tokens it contains. */
    make(format: (show: Show) => string): Inspected {
      const made = makeWith(marks, format)
      const twin = made.promises === undefined ? made.text : makeWith(otherMarks, format).text
      return { text: made.text, twin, promises: made.promises }
    },
    /** Passes on a text with the states of its promises, in a later microtask. */
    whenStatesAreKnown({ text, twin, promises: shown = [] }: Inspected, use: (text: string) => void): void {
      rare('readPromiseStates')(p, shown, (states) => {
        let known = ''
        let copied = 0
        for (let i = 0; i < states.length; i++) {
          const token = tokenOf(i, marks)
          const at = indexOfToken(text, twin, i, copied)
          if (at === -1) continue
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

function tokenOf(index: number, characters: string): string {
  return characters[0]! + index + characters[1]!
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
