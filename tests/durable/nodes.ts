import { setTimeout as delay } from 'node:timers/promises'

import {
  freePort,
  killIfAlive,
  sandboxProcesses,
  startExecutorProcess,
  startLoadBalancer,
  type ExecutorProcess,
  type LoadBalancer,
} from '@codemode/testkit'

/** Executor nodes in processes of their own, on one database, behind a load balancer. */
export class Nodes implements AsyncDisposable {
  readonly #ports: readonly number[]
  readonly #databaseUrl: string
  readonly #balancer: LoadBalancer
  readonly #nodes: ExecutorProcess[]

  private constructor(databaseUrl: string, ports: readonly number[], nodes: ExecutorProcess[], balancer: LoadBalancer) {
    this.#databaseUrl = databaseUrl
    this.#ports = ports
    this.#nodes = nodes
    this.#balancer = balancer
  }

  static async start(databaseUrl: string, count: number): Promise<Nodes> {
    const ports: number[] = []
    for (let n = 0; n < count; n++) ports.push(await freePort())
    const nodes = await Promise.all(ports.map((port) => startNode(databaseUrl, port)))
    return new Nodes(databaseUrl, ports, nodes, await startLoadBalancer(ports))
  }

  get url(): string {
    return this.#balancer.url
  }

  get count(): number {
    return this.#nodes.length
  }

  /** Kills a node, and starts it again on its port. */
  async killAndRestart(number: number): Promise<void> {
    await this.#nodes[number]!.kill()
    this.#nodes[number] = await startNode(this.#databaseUrl, this.#ports[number]!)
  }

  /** Kills a sandbox process of a node, chosen by the given number from 0 to 1. Returns false if it has none. */
  killSandboxProcess(number: number, choice: number): boolean {
    const pids = sandboxProcesses(this.#nodes[number]!.pid)
    const chosen = pids[Math.floor(choice * pids.length)]
    return chosen !== undefined && killIfAlive(chosen)
  }

  /** Stops a node for the given milliseconds, as a machine does that is suspended. */
  async freeze(number: number, ms: number): Promise<void> {
    const { child } = this.#nodes[number]!
    child.kill('SIGSTOP')
    await delay(ms)
    child.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#balancer[Symbol.asyncDispose]()
    await Promise.all(this.#nodes.map((node) => node.kill()))
  }
}

function startNode(databaseUrl: string, port: number): Promise<ExecutorProcess> {
  return startExecutorProcess({
    env: {
      CODEMODE_DATABASE_URL: databaseUrl,
      CODEMODE_PORT: String(port),
      CODEMODE_SANDBOX_PROCESSES: '1',
      CODEMODE_LOG_LEVEL: 'silent',
      CODEMODE_PARK_AFTER_MS: '500',
    },
  })
}
