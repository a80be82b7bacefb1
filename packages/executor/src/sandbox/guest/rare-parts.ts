import type { isCallbackCall } from './callback-arguments.ts'
import type { createCallSites } from './call-sites.ts'
import type { createTables } from './console-table.ts'
import type { createDiscard } from './discard.ts'
import type { describeCauses } from './error-causes.ts'
import type { readDirOptions } from './dir-options.ts'
import type { createGroupEntries } from './group-entries.ts'
import type { createHints } from './hints.ts'
import type { createPreviewIterator } from './inspect-iterator.ts'
import type { readPromiseStates } from './promise-states.ts'

/**
 * Parts of the runtime that few programs use, each behind a function that V8 compiles when it is called. They are
 * bundles of their own, so they share no state with the runtime but what it passes to them.
 */
interface RareParts {
  readonly createCallSites: () => typeof createCallSites
  readonly createDiscard: () => typeof createDiscard
  readonly createGroupEntries: () => typeof createGroupEntries
  readonly createHints: () => typeof createHints
  readonly createPreviewIterator: () => typeof createPreviewIterator
  readonly createTables: () => typeof createTables
  readonly isCallbackCall: () => typeof isCallbackCall
  readonly describeCauses: () => typeof describeCauses
  readonly readDirOptions: () => typeof readDirOptions
  readonly readPromiseStates: () => typeof readPromiseStates
}

/** Defined by the bundler, around the runtime. */
declare const rareParts: RareParts

/** Returns the rare parts. Before the runtime is bundled there are none. */
export function rare(): RareParts {
  return rareParts
}
