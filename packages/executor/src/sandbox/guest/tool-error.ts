import { defineGlobal, defineHidden } from './define.ts'
import { addCauses } from './received-causes.ts'
import type { Primordials } from './primordials.ts'

/** Failure of a tool, as the host delivers it. */
interface ToolFailureText {
  readonly message: string
  readonly code?: string
  readonly data?: unknown
  readonly retryable?: boolean
  readonly cause?: unknown
  readonly errors?: unknown
}

/** Call that failed. */
interface FailedCall {
  readonly tool: string
  /** Number of a call that was sent; undefined for one that was refused before. */
  readonly call: number | undefined
  /** Object with the stack of the call. */
  readonly stackHolder: object
}

export type MakeToolError = (call: FailedCall, failure: ToolFailureText) => object

interface ToolErrorRecord {
  readonly tool: string
  readonly call: number | undefined
  readonly code: unknown
  readonly retryable: boolean
}

/**
 * Records of the errors that the runtime made. They ensure that the details of an uncaught error are those of a real
 * call.
 */
const toolErrors = { records: undefined as unknown as WeakMap<object, ToolErrorRecord> }

/**
 * Defines the global `ToolError` and returns the function that makes one. The stack of an error is that of its call
 * in the code, and not that of the turn in which the answer arrived.
 */
export function installToolError(p: Primordials): MakeToolError {
  toolErrors.records = new p.WeakMap<object, ToolErrorRecord>()
  class ToolError extends p.Error {}
  defineHidden(p, ToolError.prototype, 'name', 'ToolError')
  const { prototype } = ToolError
  defineGlobal(p, 'ToolError', ToolError)

  return ({ tool, call, stackHolder }, failure) => {
    // Fields that the failure lacks must not be found in `Object.prototype`, to which user code may have added them.
    p.ReflectSetPrototypeOf(failure, null)
    const error = new p.Error(failure.message)
    p.ReflectSetPrototypeOf(error, prototype)
    const shown: Record<string, unknown> = {
      tool,
      code: failure.code ?? 'TOOL_ERROR',
      data: failure.data,
      retryable: failure.retryable === true,
    }
    const names = p.ObjectKeys(shown)
    for (let i = 0; i < names.length; i++) {
      p.ReflectDefineProperty(error, names[i]!, {
        // @ts-expect-error the prototype of a literal is not part of its type
        __proto__: null,
        value: shown[names[i]!],
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    const frames = stackOf(p, stackHolder)
    defineHidden(p, error, 'stack', `ToolError: ${failure.message}${frames}`)
    addCauses(p, error, failure)
    p.weakMapSet(toolErrors.records, error, { tool, call, code: shown['code'], retryable: failure.retryable === true })
    return error
  }
}

/** Returns the details of an uncaught tool error; undefined for any other error. */
export function toolErrorDetails(p: Primordials, thrown: object): object | undefined {
  const record = p.weakMapGet(toolErrors.records, thrown)
  return record && { tool: record.tool, code: record.code, retryable: record.retryable }
}

/** Returns the call that failed with an error; undefined for an error of the guest's own. */
export function toolCallOf(p: Primordials, thrown: object): ToolErrorRecord | undefined {
  return p.weakMapGet(toolErrors.records, thrown)
}

/**
 * Returns the frames of a captured stack without its first line, which names the holder; empty if user code fails to
 * format it.
 */
function stackOf(p: Primordials, holder: object): string {
  try {
    const stack: unknown = p.ReflectGet(holder, 'stack')
    if (typeof stack !== 'string') return ''
    const start = p.stringIndexOf(stack, '\n')
    return start === -1 ? '' : p.stringSlice(stack, start)
  } catch {
    return ''
  }
}
