import { createServer, request as send, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request that has come to the proxy. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** `performance.now()` when it came. */
  readonly at: number
}

/** What becomes of a request on its way. */
export type Fault =
  | 'pass'
  /** The connection breaks; the executor never hears of the request. */
  | 'reset'
  /** The executor gets the request, and the connection breaks when its answer begins. */
  | 'lose the answer'
  /** The request is taken, and nothing follows. */
  | 'hang'
  /** The answer breaks off after this text has passed. */
  | { readonly cutAfter: string }
  /** The proxy answers by itself. */
  | { readonly status: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string }

export interface Proxy extends AsyncDisposable {
  readonly url: string
  readonly exchanges: readonly Exchange[]
  /** Breaks all connections and refuses new ones. */
  cut(): Promise<void>
}

/** A proxy before an executor that treats each request as `faultOf` says; the first request has the number 1. */
export async function startProxy(
  target: { readonly url: string },
  faultOf: (exchange: Exchange, number: number) => Fault = () => 'pass',
): Promise<Proxy> {
  const exchanges: Exchange[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const { method = 'GET', url: path = '/', headers, socket } = request
    const exchange = { method, path, headers, at: performance.now() }
    exchanges.push(exchange)
    const fault = faultOf(exchange, exchanges.length)
    if (fault === 'hang') return
    if (fault === 'reset') {
      socket.resetAndDestroy()
      return
    }
    if (typeof fault === 'object' && 'status' in fault) {
      response.writeHead(fault.status, fault.headers).end(fault.body)
      return
    }
    const forwarded = send(target.url + path, { method, headers, agent: false })
    const abandon = (): void => void forwarded.destroy()
    socket.once('close', abandon)
    forwarded.on('error', () => socket.destroy())
    forwarded.on('response', (answer) => {
      if (fault === 'lose the answer') {
        socket.resetAndDestroy()
        return
      }
      response.writeHead(answer.statusCode!, answer.headers)
      let passed = ''
      answer.on('data', (chunk: Buffer) => {
        passed += chunk.toString('latin1')
        const isEnough = typeof fault === 'object' && passed.includes(fault.cutAfter)
        // What was written is let out before the connection breaks.
        response.write(chunk, () => isEnough && socket.destroySoon())
      })
      answer.on('end', () => {
        socket.off('close', abandon)
        response.end()
      })
      answer.on('error', () => socket.destroy())
    })
    request.pipe(forwarded)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cut = async (): Promise<void> => {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { url: `http://127.0.0.1:${port}`, exchanges, cut, [Symbol.asyncDispose]: cut }
}
