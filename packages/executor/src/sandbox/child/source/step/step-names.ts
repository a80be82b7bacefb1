import type { VariableKind } from '../../../guest-boundary.ts'

/** Variables of a session with their kinds, as the steps that were delivered so far declare them. */
export type KnownVariables = ReadonlyMap<string, VariableKind>

/** Globals that a step can't replace for the steps after it. Variables of these names stay local to their step. */
const keptGlobals = new Set([
  'Infinity',
  'NaN',
  'config',
  'console',
  'context',
  'globalThis',
  'input',
  'tools',
  'undefined',
])

/** Returns whether variables of a name stay local to their step. */
export function isKeptGlobal(name: string): boolean {
  return keptGlobals.has(name)
}

/** Names by which a step calls functions of the runtime, and the prefix of the names of its functions. */
export interface HelperNames {
  readonly constants: string
  readonly functions: string
  readonly prefix: string
}

/** Returns names for the helpers that are not among the identifiers of a step, and do not begin one. */
export function helperNames(identifiers: ReadonlySet<string>): HelperNames {
  let suffix = ''
  const isTaken = (start: string) => [...identifiers].some((name) => name.startsWith(start))
  while (['$ro', '$fn', '$f_'].some((name) => isTaken(name + suffix))) suffix += '_'
  return { constants: `$ro${suffix}`, functions: `$fn${suffix}`, prefix: `$f_${suffix}` }
}
