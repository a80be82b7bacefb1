import { killIfAlive, sandboxProcesses } from './sandbox-processes.ts'

interface RandomKillsOptions {
  readonly kills: number
  /** Progress between one kill and the next. */
  readonly every: number
  /** Seed of the choices, which are the same for the same number of processes. */
  readonly seed: number
  /** Process id of the executor; this process by default. */
  readonly executorPid?: number
}

/** Kills a random sandbox process after every `every` steps of progress, `kills` times in total. */
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

  /** Counts one step of progress, and kills a process if one is due. */
  progressed(): void {
    const { kills, every, executorPid } = this.#options
    this.#progress += 1
    if (this.#kills >= kills || this.#progress < every * (this.#kills + 1)) return
    const pids = sandboxProcesses(executorPid)
    const chosen = pids[Math.floor(this.#random() * pids.length)]
    if (chosen !== undefined && killIfAlive(chosen)) this.#kills += 1
  }
}

/** Returns mulberry32: numbers in [0, 1), reproducible by the seed. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
