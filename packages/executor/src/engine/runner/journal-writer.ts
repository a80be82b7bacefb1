import type { JournalEntry } from '@codemode/shared'

import type { Changes } from '../state/changes.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import { sizesOf, type EntrySizes, type JournalLog } from '../state/journal-log.ts'
import { isEnd } from '../state/outcome.ts'

interface JournalWriterOptions {
  readonly journal: JournalLog
  readonly state: ExecutionState
  /** Commits entries to the store. Returns undefined if they are committed; otherwise a promise. */
  readonly append: (entries: readonly JournalEntry[]) => Promise<void> | undefined
  /** Called after an entry was committed, to perform what follows from it. */
  readonly onChanges: (changes: Changes, entry: JournalEntry) => void
  /** Called when the store refuses a commit. Nothing is written after that. */
  readonly onRefused: (error: unknown) => void
}

interface Pending {
  readonly entry: JournalEntry
  readonly sizes: EntrySizes
}

/**
 * Writer of one execution's journal. An entry changes the state, becomes visible and has effects only after the store has
 * committed it. At most one commit is under way; entries that are written meanwhile are committed together next.
 */
export class JournalWriter {
  readonly #options: JournalWriterOptions
  #waiting: Pending[] = []
  #committing: Promise<void> | undefined
  /** Starts the commit of an entry that is held back; undefined if none is. */
  #commitHeld: (() => void) | undefined
  #pendingBytes = 0
  #entries = 0
  /** Whether the entry that ends the execution is written, if not yet committed. */
  #hasEnd = false

  constructor(options: JournalWriterOptions) {
    this.#options = options
  }

  /** Number of entries that were written. */
  get entries(): number {
    return this.#entries
  }

  /** Commits under way; undefined if all entries are committed. It resolves also when the store refuses a commit. */
  get committing(): Promise<void> | undefined {
    return this.#committing
  }

  /**
   * Writes an entry. Returns false, and writes nothing, if the entry does not fit into the limit of the journal. An end
   * always fits. Nothing is written after an end; such an entry came too late. With `heldMs`, an entry without effects is
   * committed together with the next one, and after that many milliseconds at the latest.
   */
  write(entry: JournalEntry, { heldMs = 0 }: { readonly heldMs?: number | undefined } = {}): boolean {
    if (this.#hasEnd) return true
    const { journal } = this.#options
    const sizes = sizesOf(entry)
    const sizeBytes = journal.sizeBytes + this.#pendingBytes + sizes.sizeBytes
    if (sizeBytes > journal.header.limits.journalBytes && entry.type !== 'end') return false
    const pending = { entry, sizes }
    this.#hasEnd = isEnd(entry)
    this.#entries += 1
    if (this.#committing === undefined && heldMs > 0) {
      this.#waiting.push(pending)
      this.#committing = this.#hold(heldMs)
    } else if (this.#committing === undefined) {
      const committed = this.#append([pending])
      if (committed === undefined) {
        this.#apply(pending)
        return true
      }
      this.#committing = this.#commitAll([pending], committed)
    } else {
      this.#waiting.push(pending)
      this.#commitHeld?.()
    }
    this.#pendingBytes += sizes.sizeBytes
    return true
  }

  /** Commits what is held back. Returns the commits under way; undefined if all entries are committed. */
  flush(): Promise<void> | undefined {
    this.#commitHeld?.()
    return this.#committing
  }

  /**
   * Writes an entry that is committed in another way than by `append`. Resolves with whether there is an entry; otherwise
   * nothing was written, because a commit is under way or the store has declined.
   */
  async writeBy(commit: () => Promise<JournalEntry | undefined>): Promise<boolean> {
    if (this.#committing !== undefined) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#committing = promise
    try {
      const entry = await commit()
      if (entry !== undefined) {
        this.#apply({ entry, sizes: sizesOf(entry) })
        return true
      }
      const waiting = this.#takeWaiting()
      this.#committing = waiting.length === 0 ? undefined : this.#commitAll(waiting, this.#append(waiting))
    } catch (error) {
      this.#options.onRefused(error)
    } finally {
      resolve()
    }
    return false
  }

  /** Commits the waiting entries when it is told to, and after the given milliseconds at the latest. */
  async #hold(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#commitHeld = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#commitHeld = undefined
    const waiting = this.#takeWaiting()
    await this.#commitAll(waiting, this.#append(waiting))
  }

  /** Applies entries when they are committed, and commits those that were written meanwhile. */
  async #commitAll(first: Pending[], committed: Promise<void> | undefined): Promise<void> {
    try {
      for (let group = first; group.length > 0; group = this.#takeWaiting()) {
        await (group === first ? committed : this.#append(group))
        for (const pending of group) {
          this.#pendingBytes -= pending.sizes.sizeBytes
          this.#apply(pending)
        }
      }
      this.#committing = undefined
    } catch (error) {
      this.#options.onRefused(error)
    }
  }

  #append(group: readonly Pending[]): Promise<void> | undefined {
    return this.#options.append(group.map(({ entry }) => entry))
  }

  #takeWaiting(): Pending[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }

  #apply({ entry, sizes }: Pending): void {
    const { journal, state, onChanges } = this.#options
    journal.append(entry, sizes)
    onChanges(state.apply(entry), entry)
  }
}
