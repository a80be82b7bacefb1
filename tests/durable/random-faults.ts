import { vi } from 'vitest'

import type { Nodes } from './nodes.ts'

interface RandomFaultsOptions {
  readonly nodeKills: number
  readonly sandboxKills: number
  /** Progress that a run makes in total. */
  readonly progress: number
  readonly random: () => number
}

/** Faults at random moments of the progress of a run. */
export class RandomFaults {
  /** Progress at which a fault is due, and whether it kills a node. */
  readonly #due: { readonly at: number; readonly isOfNode: boolean; readonly choice: number }[]
  readonly #nodes: Nodes
  #progress = 0
  #injecting: Promise<void> = Promise.resolve()
  readonly done = { nodes: 0, sandboxProcesses: 0 }

  constructor(nodes: Nodes, { nodeKills, sandboxKills, progress, random }: RandomFaultsOptions) {
    this.#nodes = nodes
    // Each at a random moment of a part of its own: kills of all nodes that have claimed a step would look like its fault.
    const due = (kills: number, isOfNode: boolean) =>
      Array.from({ length: kills }, (_, n) => ({
        at: Math.ceil((0.9 * progress * (n + random())) / kills),
        isOfNode,
        choice: random(),
      }))
    this.#due = [...due(nodeKills, true), ...due(sandboxKills, false)].toSorted((a, b) => a.at - b.at)
  }

  /** Counts a tool call or the end of a step, and injects the faults that are due, one after another. */
  progressed(): void {
    this.#progress += 1
    while (this.#due.length > 0 && this.#due[0]!.at <= this.#progress) {
      const { isOfNode, choice } = this.#due.shift()!
      this.#injecting = this.#injecting.then(() => (isOfNode ? this.#killNode(choice) : this.#killSandbox(choice)))
    }
  }

  /** Resolves when all faults that were due have happened. */
  settled(): Promise<void> {
    return this.#injecting
  }

  async #killNode(choice: number): Promise<void> {
    await this.#nodes.killAndRestart(Math.floor(choice * this.#nodes.count))
    this.done.nodes += 1
  }

  /** Kills a process of the first node from a random one on that has any: one that has just started has none at first. */
  async #killSandbox(choice: number): Promise<void> {
    const first = Math.floor(choice * this.#nodes.count)
    const numbers = Array.from({ length: this.#nodes.count }, (_, n) => (first + n) % this.#nodes.count)
    await vi.waitUntil(() => numbers.some((number) => this.#nodes.killSandboxProcess(number, choice)), {
      timeout: 60_000,
    })
    this.done.sandboxProcesses += 1
  }
}
