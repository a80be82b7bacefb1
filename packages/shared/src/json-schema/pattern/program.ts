/**
 * Compiles a regular expression of JavaScript to an automaton. `pattern` only asks whether a text has a match, so the
 * automaton needs no backtracking, no capturing groups and no order of preference.
 */
import { textHead } from '../../text-ends.ts'
import { type AST, RegExpParser } from '@eslint-community/regexpp'

import { SchemaError } from '../schema-error.ts'
import { characterTest, type CharacterTest } from './character.ts'
import { StateSets } from './state-set.ts'

/** Maximum number of states of one pattern; counted repetition multiplies them. */
const maxStates = 100_000

export type State =
  | { readonly kind: 'character'; readonly id: number; readonly matches: CharacterTest; readonly next: State }
  | { readonly kind: 'split'; readonly id: number; readonly nexts: State[] }
  | { readonly kind: 'assertion'; readonly id: number; readonly assertion: Assertion; readonly next: State }
  | { readonly kind: 'end'; readonly id: number }

export type Assertion =
  | { readonly kind: 'start' | 'end'; readonly isMultiline: boolean }
  | { readonly kind: 'word'; readonly negate: boolean; readonly word: RegExp }
  | { readonly kind: 'look'; readonly negate: boolean; readonly program: Program }

/** Automaton, with the cache of its state sets and the scratch memory of the current scan. */
export interface Program {
  readonly start: State
  readonly direction: 1 | -1
  /** Whether the text is read by code points (flag `u`) or by code units. */
  readonly isUnicode: boolean
  /** Whether a match may begin at any character. */
  readonly isSearch: boolean
  readonly sets: StateSets<State>
  /** Number of the current step, over all scans. */
  step: number
  /** Number of the step in which each state was last entered, by the id of the state. */
  readonly enteredAt: Float64Array
}

/** Flags of a part of the pattern, which it has by `(?i:…)`. */
type Flags = ReadonlySet<string>

/** Compiles a pattern. Throws a SchemaError if it is invalid, is too large, or needs backtracking. */
export function programOf(source: string): Program {
  // The drafts require the flag `u`. A pattern that is valid only without the flag is read without it.
  const isUnicode = isPattern(source, true)
  if (!isUnicode && !isPattern(source, false))
    throw new SchemaError(`${quoted(source)} is not a valid regular expression`)
  const { alternatives } = new RegExpParser().parsePattern(source, 0, source.length, isUnicode)
  return new Builder(source, isUnicode).program(alternatives, { flags: new Set(), direction: 1, isSearch: true })
}

function isPattern(source: string, isUnicode: boolean): boolean {
  try {
    return Boolean(new RegExp(source, isUnicode ? 'u' : ''))
  } catch {
    return false
  }
}

const quoted = (source: string): string => `the pattern ${JSON.stringify(textHead(source, 200))}`

/** Context of compiling an element: the state that follows it, the flags in force, and the direction of reading. */
interface Context {
  readonly next: State
  readonly flags: Flags
  readonly direction: 1 | -1
}

class Builder {
  readonly #source: string
  readonly #isUnicode: boolean
  /** Tests by flags and text, memoized because counted repetition needs the same ones often. */
  readonly #characterTests = new Map<string, CharacterTest>()
  #states = 0

  constructor(source: string, isUnicode: boolean) {
    this.#source = source
    this.#isUnicode = isUnicode
  }

  program(
    alternatives: readonly AST.Alternative[],
    { flags, direction, isSearch }: Omit<Context, 'next'> & { readonly isSearch: boolean },
  ): Program {
    const outer = this.#states
    this.#states = 0
    const end: State = { kind: 'end', id: this.#id() }
    const start = this.#alternatives(alternatives, { next: end, flags, direction })
    const enteredAt = new Float64Array(this.#states)
    this.#states += outer
    if (this.#states > maxStates) throw this.#tooLarge()
    const isUnicode = this.#isUnicode
    return { start, direction, isUnicode, isSearch, sets: new StateSets<State>(), step: 0, enteredAt }
  }

  #alternatives(alternatives: readonly AST.Alternative[], context: Context): State {
    const nexts = alternatives.map(({ elements }) => {
      let { next } = context
      for (const element of context.direction === 1 ? elements.toReversed() : elements) {
        next = this.#element(element, { ...context, next })
      }
      return next
    })
    return nexts.length === 1 ? nexts[0]! : { kind: 'split', id: this.#id(), nexts }
  }

  #element(element: AST.Element, context: Context): State {
    const { next, flags } = context
    switch (element.type) {
      case 'Quantifier':
        return this.#repeated(element, context)
      case 'Group':
        return this.#alternatives(element.alternatives, { ...context, flags: changed(flags, element.modifiers) })
      case 'CapturingGroup':
        return this.#alternatives(element.alternatives, context)
      case 'Assertion':
        return { kind: 'assertion', id: this.#id(), assertion: this.#assertion(element, flags), next }
      case 'Backreference':
        throw new SchemaError(
          `${quoted(this.#source)} refers back to a group (${element.raw}), which can't be matched in bounded time`,
        )
      default: {
        return { kind: 'character', id: this.#id(), matches: this.#characterTest(element, flags), next }
      }
    }
  }

  #characterTest(element: AST.QuantifiableElement, flags: Flags): CharacterTest {
    const allFlags = (this.#isUnicode ? 'u' : '') + [...flags].join('')
    const key = `${allFlags}/${element.raw}`
    const test = this.#characterTests.get(key) ?? characterTest(element, allFlags)
    this.#characterTests.set(key, test)
    return test
  }

  #repeated({ element, min, max }: AST.Quantifier, context: Context): State {
    let { next } = context
    if (max === Infinity) {
      const loop: State = { kind: 'split', id: this.#id(), nexts: [next] }
      loop.nexts.push(this.#element(element, { ...context, next: loop }))
      next = loop
    }
    const optional = max === Infinity ? 0 : max - min
    for (let i = 0; i < optional; i++) {
      next = { kind: 'split', id: this.#id(), nexts: [context.next, this.#element(element, { ...context, next })] }
    }
    for (let i = 0; i < min; i++) next = this.#element(element, { ...context, next })
    return next
  }

  #assertion(assertion: AST.Assertion, flags: Flags): Assertion {
    if (assertion.kind === 'word') {
      // With the flags `i` and `u`, two letters beyond ASCII are word characters.
      const word = new RegExp('^\\w$', this.#isUnicode && flags.has('i') ? 'iu' : '')
      return { kind: 'word', negate: assertion.negate, word }
    }
    if (!('alternatives' in assertion)) return { kind: assertion.kind, isMultiline: flags.has('m') }
    const direction = assertion.kind === 'lookahead' ? 1 : -1
    const program = this.program(assertion.alternatives, { flags, direction, isSearch: false })
    return { kind: 'look', negate: assertion.negate, program }
  }

  #id(): number {
    if (this.#states >= maxStates) throw this.#tooLarge()
    return this.#states++
  }

  #tooLarge(): SchemaError {
    return new SchemaError(`${quoted(this.#source)} is too large: it has more than ${maxStates} states`)
  }
}

function changed(flags: Flags, modifiers: AST.Modifiers | null): Flags {
  if (modifiers === null) return flags
  const result = new Set(flags)
  for (const [flag, name] of [
    ['i', 'ignoreCase'],
    ['m', 'multiline'],
    ['s', 'dotAll'],
  ] as const) {
    if (modifiers.add[name]) result.add(flag)
    if (modifiers.remove?.[name] === true) result.delete(flag)
  }
  return result
}
