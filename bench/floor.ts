/** Measures the lower bound of the cost of an execution: a bare isolate, a bare HTTP hop and a bare pipe. */
import { availableParallelism } from 'node:os'

import { Agent, request } from 'undici'

import { FloorProcess } from './floor-process.ts'
import type { CyclesCommand, CyclesReport } from './floor-isolate.ts'
import { latencies } from './in-flight.ts'
import { median, sum } from './statistics.ts'

const isolateMs = 250
const hopMs = 200
const tripMs = 100
const rateMs = 800

/**
 * Costs of the parts that every execution needs, measured separately in each round. They are a lower bound (the floor).
 */
export interface FloorSample {
  /** Milliseconds of one cycle of isolated-vm with its asynchronous calls. */
  readonly isolateMs: number
  readonly isolateSyncMs: number
  /** Milliseconds of one round trip from undici to hono in another process. */
  readonly hopMs: number
  /** Milliseconds of one round trip through a pipe to another process. */
  readonly tripMs: number
}

/** Throughput of the machine when one process per core runs asynchronous cycles. */
export interface FloorRate {
  readonly perSecond: number
  /** CPU time of one cycle, in milliseconds. */
  readonly cpuMs: number
}

/** Processes that measure the lower bound of the cost of an execution. They are idle between samples. */
export class Floor implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack
  readonly #isolates: readonly FloorProcess[]
  readonly #echo: FloorProcess
  readonly #hopUrl: string
  readonly #agent: Agent

  private constructor(
    stack: AsyncDisposableStack,
    { isolates, echo, hopUrl }: { isolates: readonly FloorProcess[]; echo: FloorProcess; hopUrl: string },
  ) {
    this.#stack = stack
    this.#isolates = isolates
    this.#echo = echo
    this.#hopUrl = hopUrl
    this.#agent = stack.adopt(new Agent(), (agent) => agent.close())
  }

  static async start(): Promise<Floor> {
    await using stack = new AsyncDisposableStack()
    const start = async (file: string) => {
      const { process, first } = await FloorProcess.start(file)
      return { process: stack.use(process), first }
    }
    const isolates = await Promise.all(Array.from({ length: availableParallelism() }, () => start('floor-isolate.ts')))
    const port = (await start('floor-hop.ts')).first
    const { process: echo } = await start('floor-pipe.ts')
    const floor = new Floor(stack.move(), {
      isolates: isolates.map(({ process }) => process),
      echo,
      hopUrl: `http://127.0.0.1:${String(port)}`,
    })
    await floor.#hops()
    await floor.#trips()
    return floor
  }

  async sample(): Promise<FloorSample> {
    const [first] = this.#isolates
    const { p50Ms } = await loopCycles(first!, { calls: 'asynchronous', forMs: isolateMs })
    const synchronous = await loopCycles(first!, { calls: 'synchronous', forMs: isolateMs })
    return {
      isolateMs: p50Ms,
      isolateSyncMs: synchronous.p50Ms,
      hopMs: median(await this.#hops()),
      tripMs: median(await this.#trips()),
    }
  }

  async rate(): Promise<FloorRate> {
    const command = { calls: 'asynchronous', forMs: rateMs } as const
    const reports = await Promise.all(this.#isolates.map((child) => loopCycles(child, command)))
    const perSecond = sum(reports.map((report) => report.perSecond))
    return { perSecond, cpuMs: sum(reports.map((report) => report.cpuMs * report.perSecond)) / perSecond }
  }

  #hops(): Promise<number[]> {
    return latencies({ forMs: hopMs, limit: 1 }, async () => {
      const { body } = await request(this.#hopUrl, { dispatcher: this.#agent })
      await body.json()
    })
  }

  #trips(): Promise<number[]> {
    const message = Buffer.alloc(200)
    return latencies({ forMs: tripMs, limit: 1 }, () => this.#echo.echo(message))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

async function loopCycles(process: FloorProcess, command: CyclesCommand): Promise<CyclesReport> {
  return (await process.ask(command)) as CyclesReport
}
