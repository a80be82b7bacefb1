import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { seededRandom } from './random-kills.ts'

interface KillingProxyOptions {
  /** Server that connections lead to. */
  readonly target: { readonly url: string }
  readonly seed: number
  /** Probability that a connection is killed within a stretch. */
  readonly share: number
  /** Bytes of a stretch, counted in both directions: one or two requests with their answers. */
  readonly stretchBytes: number
}

/** TCP proxy that kills connections at random bytes, including keep-alive connections that serve several requests. */
export interface KillingProxy extends AsyncDisposable {
  readonly url: string
  readonly opened: number
  readonly killed: number
}

export async function startKillingProxy({
  target,
  seed,
  share,
  stretchBytes,
}: KillingProxyOptions): Promise<KillingProxy> {
  const random = seededRandom(seed)
  const { hostname, port } = new URL(target.url)
  const sockets = new Set<Socket>()
  const counts = { opened: 0, killed: 0 }

  /** Returns the number of bytes after which a connection is killed. */
  function lifeBytes(): number {
    let stretches = 0
    while (random() >= share) stretches += 1
    return Math.floor((stretches + random()) * stretchBytes)
  }

  const server = createServer((near) => {
    counts.opened += 1
    let leftBytes = lifeBytes()
    const far = connect(Number(port), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
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
        // The bytes before the end of its life pass before the connection dies.
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
