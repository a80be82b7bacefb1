import { causeLimits, type ErrorCause } from '@codemode/shared'
import { shortened, textHead } from '@codemode/shared/internal'

import { codeOf, errorsOf, fieldOf, isError, messageOf, nameOf, showValue } from './thrown.ts'

/** Description of an error as JSON: its name, message and code, with its causes and inner errors. */
export interface DescribedError extends Omit<ErrorCause, 'cause' | 'errors'> {
  readonly stack?: string
  readonly cause?: DescribedError
  readonly errors?: DescribedError[]
}

interface Description {
  /** Called with each text before it is kept, for example to remove host paths; texts are unchanged by default. */
  readonly clean?: ((text: string) => string) | undefined
  /** Whether stacks are included; false by default. */
  readonly withStacks?: boolean | undefined
}

/** Returns a description of a thrown value, with its causes and inner errors, within `causeLimits`. */
export function describeError(thrown: unknown, description: Description = {}): DescribedError {
  return new Describer(description).descriptionOf(thrown, 0)
}

/** Returns descriptions of the causes and inner errors of a thrown value, within `causeLimits`. */
export function describeCauses(
  thrown: unknown,
  description: Description = {},
): Pick<DescribedError, 'cause' | 'errors'> {
  return new Describer(description).causesOf(thrown, 0)
}

/** Returns an error's message; without one, those of its inner errors or its cause, or the first line of its stack. */
export function summaryOf(error: unknown, depth = 0): string {
  const own = messageOf(error)
  if (own !== undefined) return own
  if (depth >= causeLimits.depth) return withoutMessage(error)
  const inner = errorsOf(error)
  if (inner !== undefined && inner.count > 0) {
    const shown = inner.first.slice(0, 5).map((each) => summaryOf(each, causeLimits.depth))
    return shown.join('; ') + (inner.count > 5 ? `; and ${inner.count - 5} more` : '')
  }
  const cause = fieldOf(error, 'cause')
  if (cause !== undefined && cause !== null) return summaryOf(cause, depth + 1)
  return withoutMessage(error)
}

/** Returns a text for an error without a readable message: the first line of its stack, or its name. */
function withoutMessage(error: unknown): string {
  if (!isError(error)) return showValue(error)
  const stack = fieldOf(error, 'stack')
  const line = typeof stack === 'string' ? stack.split('\n', 1)[0]!.trimEnd() : ''
  return (line.endsWith(':') ? line.slice(0, -1) : line) || nameOf(error)
}

/** Returns a thrown value in one line: name and message of an error, otherwise the value. */
export function showThrown(thrown: unknown): string {
  return isError(thrown) ? `${nameOf(thrown)}: ${summaryOf(thrown)}` : (messageOf(thrown) ?? showValue(thrown))
}

class Describer {
  readonly #clean: (text: string) => string
  readonly #withStacks: boolean
  readonly #ancestors: unknown[] = []
  #errorsLeft: number = causeLimits.errors
  #lengthLeft: number = causeLimits.totalLength

  constructor({ clean = (text) => text, withStacks = false }: Description) {
    this.#clean = clean
    this.#withStacks = withStacks
  }

  descriptionOf(error: unknown, depth: number): DescribedError {
    this.#errorsLeft -= 1
    const code = codeOf(error)
    const stack = this.#withStacks ? fieldOf(error, 'stack') : undefined
    return {
      name: this.#cut(nameOf(error)),
      message: this.#cut(summaryOf(error)),
      ...(code !== undefined && { code: this.#cut(code) }),
      ...(typeof stack === 'string' && { stack: this.#cut(stack) }),
      ...this.causesOf(error, depth),
    }
  }

  causesOf(error: unknown, depth: number): Pick<DescribedError, 'cause' | 'errors'> {
    if (depth >= causeLimits.depth || typeof error !== 'object' || error === null) return {}
    this.#ancestors.push(error)
    const cause = fieldOf(error, 'cause')
    const errors = errorsOf(error)
    const described = {
      ...(cause !== undefined &&
        cause !== null &&
        this.#hasRoomFor(cause) && { cause: this.descriptionOf(cause, depth + 1) }),
      ...(errors !== undefined && { errors: this.#list(errors, depth + 1) }),
    }
    this.#ancestors.pop()
    return described
  }

  #list({ first, count }: NonNullable<ReturnType<typeof errorsOf>>, depth: number): DescribedError[] {
    const described: DescribedError[] = []
    for (const error of first) {
      if (this.#errorsLeft <= 0 || this.#lengthLeft <= 0) break
      described.push(this.#ancestors.includes(error) ? circular : this.descriptionOf(error, depth))
    }
    const left = count - described.length
    if (left > 0) described.push({ name: 'Error', message: `… and ${left} more errors` })
    return described
  }

  #hasRoomFor(error: unknown): boolean {
    return this.#errorsLeft > 0 && this.#lengthLeft > 0 && !this.#ancestors.includes(error)
  }

  #cut(text: string): string {
    // Bounds the work of `clean`, since only the beginning of a long text is kept.
    const clean = this.#clean(textHead(text, 4 * causeLimits.messageLength))
    const kept = shortened(clean, Math.min(causeLimits.messageLength, Math.max(this.#lengthLeft, 100)))
    this.#lengthLeft -= kept.length
    return kept
  }
}

const circular: DescribedError = { name: 'Error', message: '[circular]' }
