import type { PendingTurn } from './pending-turn.ts'

/**
 * Maximum number of turns that are sent to a process ahead of their reports: one runs, and the next one waits in the
 * process.
 */
export const maxPipelinedTurns = 2

/** Turns of one process in the order in which they run. The first is the one on the CPU. */
export class TurnQueue {
  readonly #turns: PendingTurn[] = []

  get head(): PendingTurn | undefined {
    return this.#turns[0]
  }

  get length(): number {
    return this.#turns.length
  }

  add(turn: PendingTurn): void {
    this.#turns.push(turn)
  }

  /** Returns the turn of a guest, which has one at most. */
  of(guest: number): PendingTurn | undefined {
    return this.#turns.find((turn) => turn.guest === guest)
  }

  /** Returns the turn to send next, or undefined if none may be sent. Preferred turns go before others. */
  next(isPreferred: (turn: PendingTurn) => boolean): PendingTurn | undefined {
    const firstUnsent = this.#turns.findIndex(({ sent }) => !sent)
    if (firstUnsent === -1 || firstUnsent >= maxPipelinedTurns) return undefined
    const preferred = this.#turns.findIndex((turn) => !turn.sent && isPreferred(turn))
    if (preferred > firstUnsent) this.#turns.splice(firstUnsent, 0, ...this.#turns.splice(preferred, 1))
    return this.#turns[firstUnsent]
  }

  /** Returns the turns behind the one on the CPU that may wait for `waitedMs` at most. */
  overdueAfter(waitedMs: number): PendingTurn[] {
    return this.#turns.slice(1).filter(({ options }) => options.maxWaitMs <= waitedMs)
  }

  shift(): void {
    this.#turns.shift()
  }

  /** Puts a turn in the place of the one on the CPU. */
  replaceHead(turn: PendingTurn): void {
    this.#turns[0] = turn
  }

  /** Removes a turn that has not been sent. */
  remove(turn: PendingTurn): void {
    this.#turns.splice(this.#turns.indexOf(turn), 1)
  }

  /** Removes all turns and returns them. */
  clear(): PendingTurn[] {
    return this.#turns.splice(0)
  }
}
