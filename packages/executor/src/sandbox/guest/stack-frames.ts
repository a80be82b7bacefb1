import type { PrepareStackTrace } from './call-sites.ts'
import type { Primordials } from './primordials.ts'

/** Place in the code. */
export interface Place {
  readonly line: number | undefined
  readonly column: number | undefined
}

export const nowhere: Place = { line: undefined, column: undefined }

/**
 * Formatter of stacks that code has set in place of the runtime's. Code may define getters that the first line of a stack
 * would call; while `onlyFrames` is set, the runtime's formatter leaves that line out.
 */
export const stackTraces = { get: undefined as (() => unknown) | undefined, isReplaced: false, onlyFrames: false }

/**
 * Defines `Error.prepareStackTrace`, with the attributes that it has in Node, as an accessor: V8 reads and calls what code
 * sets, and `wrap` hides the frames of the runtime from it.
 */
/**
 * Formatter of stacks that code has set in place of the runtime's. Code may define getters that the first line of a stack
 * would call; while `onlyFrames` is set, the runtime's formatter leaves that line out.
 */
export interface StackTraces {
  get: (() => unknown) | undefined
  isReplaced: boolean
  onlyFrames: boolean
  /** Name of the code that runs, in stacks. */
  sourceName: string
}

/** Formatter of the runtime, and the function that hides the frames of the runtime from a formatter of the code. */
interface Formatter {
  readonly prepare: PrepareStackTrace
  readonly wrap: (own: PrepareStackTrace) => PrepareStackTrace
}

/**
 * Defines `Error.prepareStackTrace`, with the attributes that it has in Node, as an accessor: V8 reads and calls what code
 * sets, and `wrap` hides the frames of the runtime from it.
 */
export function installPrepareStackTrace(p: Primordials, stackTraces: StackTraces, { prepare, wrap }: Formatter): void {
  let current: unknown = prepare
  let wrapped: unknown
  const get = (): unknown => current
  p.ReflectDefineProperty(p.Error, 'prepareStackTrace', {
    get,
    set(this: unknown, value: unknown) {
      // A class that inherits from Error gets a property of its own.
      if (this !== p.Error) defineOwn(p, this, value)
      else if (typeof value !== 'function' || value === prepare || value === wrapped) current = value
      else current = wrapped = wrap(value as PrepareStackTrace)
      if (this === p.Error) stackTraces.isReplaced = current !== prepare
    },
    enumerable: false,
    configurable: true,
  })
  stackTraces.get = get
}

function defineOwn(p: Primordials, target: unknown, value: unknown): void {
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null) return
  const attributes = { __proto__: null, value, writable: true, enumerable: true, configurable: true }
  p.ReflectDefineProperty(target, 'prepareStackTrace', attributes as PropertyDescriptor)
}

/** Returns the first place in the code of a name that a stack has. */
export function placeIn(p: Primordials, stack: string | undefined, sourceName: string): Place {
  let at = stack === undefined ? -1 : p.stringIndexOf(stack, '\n    at ')
  while (at !== -1) {
    const match = p.regExpExec(
      /^[^\n]{0,999}?(?:at |\()([a-z]{4}(?:-\d{1,7})?):(\d{1,7}):(\d{1,7})/,
      p.stringSlice(stack!, at + 1),
    )
    if (match !== null && match[1] === sourceName) return { line: p.Number(match[2]), column: p.Number(match[3]) }
    at = p.stringIndexOf(stack!, '\n    at ', at + 1)
  }
  return nowhere
}

/** Parts of the runtime with which a stack is read. */
interface StackReading {
  readonly stackTraces: StackTraces
  /** Whether the stack is made with its first line; never left out, because `Object.prototype` may have the name. */
  readonly isComplete: boolean
}

/**
 * Returns the place at which an error was made, or an object's stack was captured, without running user code. The object
 * must not be a proxy. V8 keeps the stack as it is read first, so one that code may still read must be complete. That
 * reads the name and the message of the error, which must not be accessors.
 */
export function placeOf(p: Primordials, object: object, reading: StackReading): Place {
  return placeIn(p, framesOf(p, object, reading), reading.stackTraces.sourceName)
}

/** Returns the frames of an object's stack in the same way; undefined if they are not known. */
export function framesOf(
  p: Primordials,
  object: object,
  { stackTraces, isComplete }: StackReading,
): string | undefined {
  const hook = p.ReflectGetOwnPropertyDescriptor(p.Error, 'prepareStackTrace')
  if (stackTraces.isReplaced || hook === undefined || hook.get !== stackTraces.get) return undefined
  const own = p.ReflectGetOwnPropertyDescriptor(object, 'stack')
  if (own === undefined) return undefined
  const read = p.ObjectHasOwn(own, 'get') ? own.get : undefined
  if (read === undefined) return typeof own.value === 'string' ? own.value : undefined
  const native = p.ReflectGetOwnPropertyDescriptor(new p.Error(), 'stack')
  if (read !== native?.get) return undefined
  stackTraces.onlyFrames = !isComplete
  try {
    const stack: unknown = p.ReflectApply(read, object, [])
    return typeof stack === 'string' ? stack : undefined
  } finally {
    stackTraces.onlyFrames = false
  }
}

/** Returns an own property that is no accessor. The object must not be a proxy. */
export function ownValue(p: Primordials, object: object, key: string): unknown {
  const own = p.ReflectGetOwnPropertyDescriptor(object, key)
  return own !== undefined && p.ObjectHasOwn(own, 'value') ? own.value : undefined
}
