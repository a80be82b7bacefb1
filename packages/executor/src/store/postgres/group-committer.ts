import { setTimeout as delay } from 'node:timers/promises'

import { LeaseLost } from '../execution-store.ts'
import type { Commit, CommitOutcome } from './commit-group.ts'
import { isContention, isUnavailable } from './store-errors.ts'

/** Maximum number of commits in a group, and of characters of their entries. */
const maxCommits = 64
const maxCharacters = 8 * 1024 * 1024

/** Milliseconds for which commits are repeated while the database is not available; then the lease counts as lost. */
export const maxUnavailableMs = 30_000
const firstRetryMs = 50
const maxRetryMs = 1_000

interface Waiting {
  readonly commit: Commit
  readonly giveUpAt: number
  readonly resolve: (outcome: CommitOutcome) => void
  readonly reject: (error: unknown) => void
}

interface GroupCommitterOptions {
  readonly commitGroup: (group: readonly Commit[]) => Promise<Map<Commit, CommitOutcome>>
  /** Called with commits that were committed. */
  readonly onCommitted: (commits: readonly Commit[]) => void
}

/**
 * Committer of the commits of all leases of a node. One group is under way at a time; commits that arrive meanwhile are the
 * next group, so that many executions share the cost of one transaction. While the database is not available, it repeats
 * them: a commit that was made although its answer was lost is found as made.
 */
export class GroupCommitter {
  readonly #options: GroupCommitterOptions
  #waiting: Waiting[] = []
  #tasks: (() => Promise<void>)[] = []
  #isRunning = false
  #retryMs = firstRetryMs

  constructor(options: GroupCommitterOptions) {
    this.#options = options
  }

  /** Commits, and returns the outcome. Rejects with `LeaseLost` if the database was not available for long. */
  commit(commit: Commit): Promise<CommitOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, giveUpAt: performance.now() + maxUnavailableMs, resolve, reject })
      this.#start()
    })
  }

  /** Runs a task while no group is under way, for statements that lock rows of several wake-ups as a group does. */
  between(task: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => task().then(resolve, reject))
      this.#start()
    })
  }

  #start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    // Commits of the same round of the event loop are one group.
    setImmediate(() => void this.#run())
  }

  async #run(): Promise<void> {
    for (;;) {
      const task = this.#tasks.shift()
      if (task !== undefined) await task()
      const group = this.#takeGroup()
      if (group.length > 0) await this.#commitGroup(group)
      else if (this.#tasks.length === 0) break
    }
    this.#isRunning = false
  }

  /**
   * Returns the next group. It has at most one commit of an execution: if this node has claimed an execution again, the
   * commit of the old lease must be refused by itself, and not be written under the lock that the new lease has.
   */
  #takeGroup(): Waiting[] {
    let characters = 0
    const keys = new Set<string>()
    const group: Waiting[] = []
    const left: Waiting[] = []
    for (const [index, waiting] of this.#waiting.entries()) {
      const { key, payloads } = waiting.commit
      if (keys.has(key)) {
        left.push(waiting)
        continue
      }
      for (const payload of payloads) characters += payload.length
      const isFull = group.length === maxCommits || (group.length > 0 && characters > maxCharacters)
      if (isFull) {
        left.push(...this.#waiting.slice(index))
        break
      }
      keys.add(key)
      group.push(waiting)
    }
    this.#waiting = left
    return group
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#options.commitGroup(group.map(({ commit }) => commit))
      this.#retryMs = firstRetryMs
      this.#options.onCommitted(group.flatMap(({ commit }) => (outcomes.get(commit) === 'committed' ? [commit] : [])))
      for (const { commit, resolve } of group) resolve(outcomes.get(commit)!)
    } catch (error) {
      // A row that is locked for long, or a commit that is wrong, must not keep the others.
      if (group.length > 1 && (isContention(error) || !isUnavailable(error))) {
        for (const member of group) await this.#commitGroup([member])
      } else if (isContention(error)) setTimeout(() => this.#repeat(group, error), firstRetryMs)
      else if (isUnavailable(error)) {
        await delay(this.#retryMs)
        this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs)
        this.#repeat(group, error)
      } else group[0]!.reject(error)
    }
  }

  #repeat(group: readonly Waiting[], error: unknown): void {
    for (const member of group) {
      member.commit.isRepeated = true
      if (performance.now() < member.giveUpAt) this.#waiting.push(member)
      else member.reject(new LeaseLost('the store was not available for too long', { cause: error }))
    }
    this.#start()
  }
}
