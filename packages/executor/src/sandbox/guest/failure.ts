import type { HintOf } from './hints.ts'
import type { Primordials } from './primordials.ts'
import type { LoadRare } from './rare-parts.ts'
import { messageOf, readText } from './thrown.ts'
import { toolCallOf, toolErrorDetails } from './tool-error.ts'

/**
 * Description of a value that user code threw. All properties are own, so that a missing one is never found in
 * `Object.prototype`.
 */
interface Failure {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly details: object | undefined
  readonly hint: string | undefined
  /** Number of the tool call that failed with this error. */
  readonly call: number | undefined
  /** Described causes and inner errors. */
  readonly cause: unknown
  readonly errors: unknown
}

/**
 * Describes any thrown value: an error, a string, `null`, a proxy whose getters throw. It runs within the turn's CPU
 * budget, so a getter that never returns causes a CPU timeout and nothing else.
 */
export function describeFailure(
  p: Primordials,
  thrown: unknown,
  { rare, hintOf }: { readonly rare: LoadRare; readonly hintOf?: HintOf },
): Failure {
  const message = messageOf(p, thrown, 'thrown: ')
  if (typeof thrown !== 'object' || thrown === null) {
    return {
      name: 'Error',
      message,
      stack: undefined,
      details: undefined,
      hint: undefined,
      call: undefined,
      cause: undefined,
      errors: undefined,
    }
  }
  const name = readText(p, thrown, 'name') ?? 'Error'
  const stack = readText(p, thrown, 'stack')
  const { cause, errors } = mayHaveCauses(p, thrown) ? rare('describeCauses')(p, thrown, toolCallOf) : noCauses
  return {
    name,
    message,
    stack,
    details: toolErrorDetails(p, thrown),
    hint: p.ErrorIsError(thrown) && hintOf !== undefined ? safeHint(hintOf, { name, message, stack }) : undefined,
    call: toolCallOf(p, thrown)?.call,
    cause,
    errors,
  }
}

const noCauses = { cause: undefined, errors: undefined }

/** Returns whether an object has a cause or inner errors, so that most failures load nothing for them. */
function mayHaveCauses(p: Primordials, thrown: object): boolean {
  try {
    // A proxy may return a property that it claims not to have; an error is no proxy.
    if (!p.ErrorIsError(thrown)) return true
    return p.ReflectHas(thrown, 'cause') || p.ReflectHas(thrown, 'errors') || p.ReflectHas(thrown, 'suppressed')
  } catch {
    return true
  }
}

/** Returns the hint; undefined if making it throws, because an addition to a failure must not replace the failure. */
function safeHint(hintOf: HintOf, error: Parameters<HintOf>[0]): string | undefined {
  try {
    return hintOf(error)
  } catch {
    return undefined
  }
}
