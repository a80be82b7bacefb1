import type { SourceOfPart } from '../guest-boundary.ts'
import type { isCallbackCall } from './callback-arguments.ts'
import type { createCallSites } from './call-sites.ts'
import type { createConsoleMethods } from './console-methods.ts'
import type { tableOf } from './console-table.ts'
import type { createDiscard } from './discard.ts'
import type { createErrorData } from './error-data.ts'
import type { describeCauses } from './error-causes.ts'
import type { createGroupEntries } from './group-entries.ts'
import type { createHints } from './hints.ts'
import type { createPreviewIterator } from './inspect-iterator.ts'
import type { describeRefusal } from './not-json.ts'
import type { Primordials } from './primordials.ts'
import type { readPromiseStates } from './promise-states.ts'
import type { fillTemporal } from './temporal-members.ts'
import type { createSession } from './session.ts'
import type { endWarnings } from './warnings.ts'
import type { createWebGlobals } from './web/index.ts'

/** Parts of the runtime that few programs use. Each is a bundle of its own, which shares no state with the runtime. */
interface RareParts {
  readonly createCallSites: typeof createCallSites
  readonly createConsoleMethods: typeof createConsoleMethods
  readonly createDiscard: typeof createDiscard
  readonly createErrorData: typeof createErrorData
  readonly createGroupEntries: typeof createGroupEntries
  readonly createHints: typeof createHints
  readonly createPreviewIterator: typeof createPreviewIterator
  readonly createSession: typeof createSession
  readonly createWebGlobals: typeof createWebGlobals
  readonly describeCauses: typeof describeCauses
  readonly describeRefusal: typeof describeRefusal
  readonly endWarnings: typeof endWarnings
  readonly fillTemporal: typeof fillTemporal
  readonly isCallbackCall: typeof isCallbackCall
  readonly readPromiseStates: typeof readPromiseStates
  readonly tableOf: typeof tableOf
}

/** Returns a rare part by its name. */
export type LoadRare = <Name extends keyof RareParts>(name: Name) => RareParts[Name]

/**
 * Creates the function that loads rare parts. The host keeps their sources, because it copies the text of the runtime
 * for each isolate. A part is compiled when it is first loaded.
 */
export function createRareParts(p: Primordials, sourceOf: SourceOfPart): LoadRare {
  const loaded: { -readonly [Name in keyof RareParts]?: RareParts[Name] } & { __proto__: null } = { __proto__: null }
  return (name) => (loaded[name] ??= p.Function(`${sourceOf(name)}\n//# sourceURL=codemode:${name}`)())
}
