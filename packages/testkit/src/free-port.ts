import { once } from 'node:events'
import { createServer } from 'node:net'
import { pid } from 'node:process'

/** Ports of each process. They lie below those that systems give to servers without a port of their own, from 32,768 on. */
const perProcess = 50
const first = 10_000 + (pid % 400) * perProcess
let given = 0

/** Resolves with a port on which nothing listens, and which no other process takes by chance until it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (given++ % perProcess)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
