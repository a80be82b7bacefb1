import { truncate } from './truncate.ts'
import type { Primordials } from './primordials.ts'
import { messageOf, read, readText } from './thrown.ts'
import type { toolCallOf } from './tool-error.ts'

/** Bounds of described causes and inner errors, as `causeLimits` of the wire protocol. */
const limits = { depth: 5, errors: 64, nameLength: 256, messageLength: 2_048, totalLength: 32_768 } as const

/**
 * `ErrorCause` of the wire protocol. It has no prototype, because `JSON.stringify` looks up `toJSON` in every object.
 */
type Described = Record<string, unknown>

/**
 * Describes the `cause` and the inner errors of a thrown value, to a bounded depth, number and length. A cycle ends the
 * description. Getters of user code run within the turn's CPU budget.
 */
export function describeCauses(
  p: Primordials,
  thrown: unknown,
  callOf: typeof toolCallOf,
): { cause: unknown; errors: unknown } {
  const ancestors: unknown[] = []
  let errorsLeft: number = limits.errors
  let lengthLeft: number = limits.totalLength

  function truncateText(text: string, limit: number): string {
    const kept = truncate(p, text, p.MathMin(limit, p.MathMax(lengthLeft, 100)))
    lengthLeft -= kept.length
    return kept
  }

  function describe(error: unknown, depth: number): Described {
    errorsLeft -= 1
    const described = p.ObjectCreate(null) as Described
    const isObject = typeof error === 'object' && error !== null
    described['name'] = truncateText((isObject ? readText(p, error, 'name') : undefined) ?? 'Error', limits.nameLength)
    described['message'] = truncateText(messageOf(p, error), limits.messageLength)
    if (!isObject) return described
    addFields(error, described)
    addCauses(error, described, depth)
    return described
  }

  function addFields(error: object, described: Described): void {
    const code = read(p, error, 'code')
    if (typeof code === 'string') described['code'] = truncateText(code, limits.nameLength)
    else if (typeof code === 'number' && p.ErrorIsError(error)) described['code'] = p.String(code)
    const call = callOf(p, error)
    if (call !== undefined) {
      described['tool'] = truncateText(call.tool, limits.nameLength)
      described['call'] = call.call
      described['retryable'] = call.retryable
    }
    const stack = readText(p, error, 'stack')
    if (stack !== undefined) described['guestStack'] = truncateText(stack, limits.messageLength)
  }

  function addCauses(error: object, described: Described, depth: number): void {
    if (depth >= limits.depth) return
    p.arrayPush(ancestors, error)
    const cause = read(p, error, 'cause')
    if (cause !== undefined && cause !== null && canAdd() && !p.arrayIncludes(ancestors, cause)) {
      described['cause'] = describe(cause, depth + 1)
    }
    const errors = innerErrors(error)
    if (errors !== undefined) described['errors'] = list(errors, depth + 1)
    p.arrayPop(ancestors)
  }

  /** Returns the `errors` of an error, or both errors of a `SuppressedError`, which `using` throws. */
  function innerErrors(error: object): readonly unknown[] | undefined {
    const errors = read(p, error, 'errors')
    if (isArray(errors)) return errors
    if (!p.ErrorIsError(error) || !p.ObjectHasOwn(error, 'suppressed')) return undefined
    const both: unknown[] = []
    p.arrayPush(both, read(p, error, 'error'))
    p.arrayPush(both, read(p, error, 'suppressed'))
    return both
  }

  function list(errors: readonly unknown[], depth: number): Described[] {
    const described: Described[] = []
    p.ReflectSetPrototypeOf(described, null)
    const length = lengthOf(errors)
    let index = 0
    for (; index < length && canAdd(); index++) {
      const error = read(p, errors, `${index}`)
      p.arrayPush(
        described,
        p.arrayIncludes(ancestors, error) ? placeholderError('[circular]') : describe(error, depth),
      )
    }
    if (index < length) p.arrayPush(described, placeholderError(`… and ${length - index} more errors`))
    return described
  }

  function placeholderError(message: string): Described {
    const described = p.ObjectCreate(null) as Described
    described['name'] = 'Error'
    described['message'] = message
    return described
  }

  const canAdd = (): boolean => errorsLeft > 0 && lengthLeft > 0

  /** Returns the length of a list of errors; 0 for a proxy whose trap returns no length. */
  function lengthOf(errors: readonly unknown[]): number {
    const length = read(p, errors, 'length')
    return typeof length === 'number' && length > 0 ? length : 0
  }

  /** Returns whether a value is an array. `Array.isArray` throws for a revoked proxy. */
  function isArray(value: unknown): value is unknown[] {
    try {
      return p.ArrayIsArray(value)
    } catch {
      return false
    }
  }

  const top = p.ObjectCreate(null) as Described
  if (typeof thrown === 'object' && thrown !== null) addCauses(thrown, top, 0)
  return { cause: top['cause'], errors: top['errors'] }
}
