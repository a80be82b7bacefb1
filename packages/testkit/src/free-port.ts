import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { pid } from 'node:process'

/**
 * The ports lie below those that systems give to servers without a port of their own, which begin at 32,768. Each process has
 * a block of them, which no other process uses.
 */
const firstPort = 10_000
const blocks = 400
const blockSize = 50

let block: Promise<number> | undefined
let given = 0

/** Resolves with a port on which nothing listens, and which no other process takes until it is used. */
export async function freePort(): Promise<number> {
  block ??= reserveBlock()
  const first = await block
  for (let tried = 1; tried < blockSize; tried++) {
    const port = first + 1 + (given++ % (blockSize - 1))
    const server = await listen(port)
    if (server === undefined) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
  throw new Error(`All ports from ${first} to ${first + blockSize - 1} are in use`)
}

/** Resolves with the first port of a block, on which this process listens as long as it lives. */
async function reserveBlock(): Promise<number> {
  for (let tried = 0; tried < blocks; tried++) {
    const first = firstPort + ((pid + tried) % blocks) * blockSize
    const server = await listen(first)
    if (server === undefined) continue
    server.unref()
    return first
  }
  throw new Error('All blocks of ports are in use')
}

/** Resolves with a server on the port, or with undefined if it is in use. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1')
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  )
}
