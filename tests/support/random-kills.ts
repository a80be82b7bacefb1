import { killIfAlive, sandboxProcesses } from './sandbox-processes.ts'

interface RandomKillsOptions {
  readonly kills: number
  /** How much progress lies between one kill and the next. */
  readonly every: number
  /** The same seed makes the same choices among as many processes. */
  readonly seed: number
  /** The executor's process; this one if not given. */
  readonly executorPid?: number
}

/** Kills a random sandbox process whenever enough has happened since the last kill, so often and no more. */
export class RandomKills {
  readonly #options: RandomKillsOptions
  readonly #random: () => number
  #progress = 0
  #kills = 0

  constructor(options: RandomKillsOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  get kills(): number {
    return this.#kills
  }

  /** Something has happened. */
  progressed(): void {
    const { kills, every, executorPid } = this.#options
    this.#progress += 1
    if (this.#kills >= kills || this.#progress < every * (this.#kills + 1)) return
    const pids = sandboxProcesses(executorPid)
    const chosen = pids[Math.floor(this.#random() * pids.length)]
    if (chosen !== undefined && killIfAlive(chosen)) this.#kills += 1
  }
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
