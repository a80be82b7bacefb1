import type { Primordials } from './primordials.ts'

/** Place in the code. */
export interface Place {
  readonly line: number | undefined
  readonly column: number | undefined
}

export const nowhere: Place = { line: undefined, column: undefined }

type PrepareStackTrace = (error: unknown, sites: readonly never[]) => string

/**
 * Formatter of stacks that the runtime has installed. Code may replace it, and may define getters that its first line
 * would call; while `onlyFrames` is set, it leaves that line out.
 */
export interface StackTraces {
  prepare: PrepareStackTrace | undefined
  onlyFrames: boolean
}

/** Returns the first place in the code that a stack names. */
export function placeIn(p: Primordials, stack: string | undefined): Place {
  const frames = stack === undefined ? -1 : p.stringIndexOf(stack, '\n    at ')
  const match = frames === -1 ? null : p.regExpExec(/(?:at |\()code:(\d{1,7}):(\d{1,7})/, p.stringSlice(stack!, frames))
  return match === null ? nowhere : { line: p.Number(match[1]), column: p.Number(match[2]) }
}

/**
 * Returns the place at which an error was made, or an object's stack was captured, without running user code. The object
 * must not be a proxy.
 */
export function placeOf(p: Primordials, stackTraces: StackTraces, object: object): Place {
  if (ownValue(p, p.Error, 'prepareStackTrace') !== stackTraces.prepare) return nowhere
  const own = p.ReflectGetOwnPropertyDescriptor(object, 'stack')
  if (own === undefined) return nowhere
  const read = p.ObjectHasOwn(own, 'get') ? own.get : undefined
  if (read === undefined) return placeIn(p, typeof own.value === 'string' ? own.value : undefined)
  const native = p.ReflectGetOwnPropertyDescriptor(new p.Error(), 'stack')
  if (read !== native?.get) return nowhere
  stackTraces.onlyFrames = true
  try {
    const stack: unknown = p.ReflectApply(read, object, [])
    return placeIn(p, typeof stack === 'string' ? stack : undefined)
  } finally {
    stackTraces.onlyFrames = false
  }
}

/** Returns an own property that is no accessor. The object must not be a proxy. */
export function ownValue(p: Primordials, object: object, key: string): unknown {
  const own = p.ReflectGetOwnPropertyDescriptor(object, key)
  return own !== undefined && p.ObjectHasOwn(own, 'value') ? own.value : undefined
}
