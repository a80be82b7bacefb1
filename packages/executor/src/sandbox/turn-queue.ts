import type { PendingTurn } from './pending-turn.ts'

/** Turns that are in a process's hands at once: one runs, one is there when it ends. */
export const pipelinedTurns = 2

/** The turns of one process in the order in which they are run: the first is the one on the CPU. */
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

  /** The turn of a guest; it has one at most. */
  of(guest: number): PendingTurn | undefined {
    return this.#turns.find((turn) => turn.guest === guest)
  }

  /** The turn that may be put into the process's hands next, if any may; those that are preferred go before others. */
  next(isPreferred: (turn: PendingTurn) => boolean): PendingTurn | undefined {
    const place = this.#turns.findIndex(({ sent }) => !sent)
    if (place === -1 || place >= pipelinedTurns) return undefined
    const preferred = this.#turns.findIndex((turn) => !turn.sent && isPreferred(turn))
    if (preferred > place) this.#turns.splice(place, 0, ...this.#turns.splice(preferred, 1))
    return this.#turns[place]
  }

  /** The turns behind the one on the CPU that would rather be run elsewhere than wait longer. */
  impatientAfter(waitedMs: number): PendingTurn[] {
    return this.#turns.slice(1).filter(({ options }) => options.patienceMs <= waitedMs)
  }

  shift(): void {
    this.#turns.shift()
  }

  /** Takes a turn out that is not in the process's hands. */
  remove(turn: PendingTurn): void {
    this.#turns.splice(this.#turns.indexOf(turn), 1)
  }

  /** Takes all of them out. */
  clear(): PendingTurn[] {
    return this.#turns.splice(0)
  }
}
