import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { seededRandom } from './random-kills.ts'

interface KillingProxyOptions {
  /** Server to which connections are forwarded. */
  readonly target: { readonly url: string }
  readonly seed: number
  /** Probability that a connection is killed within an interval. */
  readonly killProbability: number
  /** Length of an interval in bytes, counted in both directions: one or two requests with their responses. */
  readonly intervalBytes: number
}

/** TCP proxy that kills connections at random bytes, including keep-alive connections that serve several requests. */
export interface KillingProxy extends AsyncDisposable {
  readonly url: string
  readonly opened: number
  readonly killed: number
}

/** Starts a proxy that kills connections. */
export async function startKillingProxy({
  target,
  seed,
  killProbability,
  intervalBytes,
}: KillingProxyOptions): Promise<KillingProxy> {
  const random = seededRandom(seed)
  const { hostname, port } = new URL(target.url)
  const sockets = new Set<Socket>()
  const counts = { opened: 0, killed: 0 }

  /** Returns the number of bytes after which a connection is killed. */
  function bytesUntilKill(): number {
    let intervals = 0
    while (random() >= killProbability) intervals += 1
    return Math.floor((intervals + random()) * intervalBytes)
  }

  const server = createServer((client) => {
    counts.opened += 1
    let leftBytes = bytesUntilKill()
    const upstream = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('end', () => to.end())
      from.on('data', (chunk: Buffer) => {
        if (chunk.length < leftBytes) {
          leftBytes -= chunk.length
          if (!to.write(chunk)) from.pause()
          return
        }
        // The bytes before the chosen one are forwarded before the connection is reset.
        counts.killed += 1
        from.pause()
        to.write(chunk.subarray(0, leftBytes), () => {
          to.resetAndDestroy()
          from.resetAndDestroy()
        })
        leftBytes = Infinity
      })
      to.on('drain', () => from.resume())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get opened() {
      return counts.opened
    },
    get killed() {
      return counts.killed
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
