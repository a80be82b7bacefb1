import { defineGlobal, defineHidden } from './define.ts'
import { addCauses } from './received-causes.ts'
import type { Primordials } from './primordials.ts'

/** A tool's failure as the host delivers it. */
interface ToolFailureText {
  readonly message: string
  readonly code?: string
  readonly data?: unknown
  readonly retryable?: boolean
  readonly cause?: unknown
  readonly errors?: unknown
}

/** A call that failed. */
interface FailedCall {
  readonly tool: string
  /** The number of a call that was sent; undefined for one that was refused before. */
  readonly call: number | undefined
  /** An object with the stack of the call. */
  readonly stackHolder: object
}

export type MakeToolError = (call: FailedCall, failure: ToolFailureText) => object

interface Mark {
  readonly tool: string
  readonly call: number | undefined
  readonly code: unknown
  readonly retryable: boolean
}

/** Marks of the errors that the runtime made, so that the details of an uncaught one are those of a real call. */
const toolErrors = { marks: undefined as unknown as WeakMap<object, Mark> }

/**
 * Defines the global `ToolError` and returns what makes one. Its stack is that of the call, which the author knows,
 * not that of the turn in which the answer came.
 */
export function installToolError(p: Primordials): MakeToolError {
  toolErrors.marks = new p.WeakMap<object, Mark>()
  class ToolError extends p.Error {}
  defineHidden(p, ToolError.prototype, 'name', 'ToolError')
  const { prototype } = ToolError
  defineGlobal(p, 'ToolError', ToolError)

  return ({ tool, call, stackHolder }, failure) => {
    // What the failure leaves out is not to be found in `Object.prototype`, which user code may have added to.
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
    p.weakMapSet(toolErrors.marks, error, { tool, call, code: shown['code'], retryable: failure.retryable === true })
    return error
  }
}

/** Returns the details of a failure by a tool error that nobody caught; undefined for any other error. */
export function toolErrorDetails(p: Primordials, thrown: object): object | undefined {
  const mark = p.weakMapGet(toolErrors.marks, thrown)
  return mark && { tool: mark.tool, code: mark.code, retryable: mark.retryable }
}

/** Returns the call that an error is the failure of; undefined for an error of the guest's own. */
export function toolCallOf(p: Primordials, thrown: object): Mark | undefined {
  return p.weakMapGet(toolErrors.marks, thrown)
}

/** The frames of a captured stack without its first line, which names the holder; none if user code fails to format it. */
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
