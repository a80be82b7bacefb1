import { once } from 'node:events'
import {
  createServer,
  request as send,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

/** Request that the proxy received. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** `performance.now()` when it arrived. */
  readonly at: number
  /** Status of the executor's answer, set when the answer begins; undefined if none arrives. */
  status?: number
}

/** Fault that the proxy applies to a request; `pass` for none. */
export type Fault =
  | 'pass'
  /** The connection breaks; the executor never receives the request. */
  | 'reset'
  /** The executor receives the request and keeps its connection; the client's connection breaks when all is sent. */
  | 'reset when sent'
  /** The executor receives the request, and the connection breaks when its answer begins. */
  | 'lose the answer'
  /** The proxy accepts the request, and neither forwards nor answers it. */
  | 'hang'
  /** The executor receives the request, and the proxy does not forward the answer. */
  | 'hang when sent'
  /** The request and its answer are forwarded byte by byte. */
  | 'trickle'
  /** The answer breaks off after this text has passed. */
  | { readonly cutAfter: string }
  /** The answer breaks off at the end of this text, even within a chunk. */
  | { readonly cutAt: string }
  /**
   * The executor receives the request when the promise has resolved; the client's connection breaks at once if `breaks`
   * is set.
   */
  | { readonly heldUntil: Promise<unknown>; readonly breaks?: boolean }
  /** If the executor is killed during the request, it receives the request once more after the promise has resolved. */
  | { readonly repeatAfter: Promise<unknown> }
  /** The proxy answers itself; with `half`, the answer breaks off in the middle of its body. */
  | { readonly status: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string; readonly half?: boolean }

export interface Proxy extends AsyncDisposable {
  readonly url: string
  readonly exchanges: readonly Exchange[]
  /** Breaks all connections and refuses new ones. */
  cut(): Promise<void>
}

/** Starts a proxy before a server, on a free port by default. `faultOf` decides on each request, numbered from 1. */
export async function startProxy(
  target: { readonly url: string },
  faultOf: (exchange: Exchange, number: number) => Fault = () => 'pass',
  givenPort = 0,
): Promise<Proxy> {
  const exchanges: Exchange[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const { method = 'GET', url: path = '/', headers, socket } = request
    const exchange: Exchange = { method, path, headers, at: performance.now() }
    exchanges.push(exchange)
    const fault = faultOf(exchange, exchanges.length)
    if (fault === 'hang') return
    if (fault === 'reset') {
      socket.resetAndDestroy()
      return
    }
    if (typeof fault === 'object' && 'status' in fault) {
      answer(response, fault)
      return
    }
    if (typeof fault === 'object' && ('heldUntil' in fault || 'repeatAfter' in fault)) {
      void forwardLate(request, response, { fault, exchange, target })
      return
    }
    const forwarded = send(new URL(path, target.url), { method, headers, agent: false })
    const keepsConnection = fault === 'reset when sent' || fault === 'hang when sent'
    const abandon = (): void => void forwarded.destroy()
    if (!keepsConnection) socket.once('close', abandon)
    forwarded.on('error', () => socket.destroy())
    forwarded.on('response', (incoming) => {
      exchange.status = incoming.statusCode!
      if (keepsConnection) {
        incoming.resume().on('error', () => {})
        return
      }
      if (fault === 'lose the answer') {
        socket.resetAndDestroy()
        return
      }
      response.writeHead(incoming.statusCode!, incoming.headers)
      incoming.on('error', () => socket.destroy())
      incoming.on('end', () => socket.off('close', abandon))
      if (fault === 'trickle') void trickle(incoming, response)
      else if (typeof fault === 'object') cut(incoming, response, fault)
      else incoming.pipe(response)
    })
    if (fault === 'reset when sent') forwarded.once('finish', () => socket.resetAndDestroy())
    if (fault === 'trickle') void trickle(request, forwarded)
    else request.pipe(forwarded)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(givenPort, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { url: `http://127.0.0.1:${port}`, exchanges, cut: close, [Symbol.asyncDispose]: close }
}

interface LateRequest {
  readonly fault: Extract<Fault, { heldUntil: unknown } | { repeatAfter: unknown }>
  readonly exchange: Exchange
  readonly target: { readonly url: string }
}

/**
 * Forwards a request when its promise has resolved, or once more after that. The client's connection may have ended by
 * then.
 */
async function forwardLate(request: IncomingMessage, response: ServerResponse, late: LateRequest): Promise<void> {
  const { fault, exchange, target } = late
  const { method, path, headers } = exchange
  const body = Buffer.concat(await request.toArray())
  const forward = async (): Promise<void> => {
    const forwarded = send(new URL(path, target.url), { method, headers, agent: false }).end(body)
    const [incoming] = (await once(forwarded, 'response')) as [IncomingMessage]
    exchange.status = incoming.statusCode!
    response.writeHead(incoming.statusCode!, incoming.headers)
    for await (const chunk of incoming as AsyncIterable<Buffer>) response.write(chunk)
    response.end()
  }
  try {
    if ('heldUntil' in fault) {
      if (fault.breaks === true) request.socket.resetAndDestroy()
      await fault.heldUntil
      await forward()
    } else {
      await forward().catch(() => fault.repeatAfter.then(forward))
    }
  } catch {
    request.socket.destroy()
  }
}

function answer(response: ServerResponse, { status, headers, body = '', half }: Extract<Fault, { status: number }>) {
  if (half !== true) {
    response.writeHead(status, headers).end(body)
    return
  }
  response.writeHead(status, { ...headers, 'content-length': 2 * body.length + 2 })
  response.write(`${body} `, () => response.socket?.destroySoon())
}

/** Forwards an answer until the text has passed; the written bytes are flushed before the connection breaks. */
function cut(from: Readable, to: ServerResponse, fault: { cutAfter: string } | { cutAt: string }): void {
  const [text, isExact] = 'cutAt' in fault ? [fault.cutAt, true] : [fault.cutAfter, false]
  let passed = ''
  from.on('data', (chunk: Buffer) => {
    const before = passed.length
    passed += chunk.toString('latin1')
    const foundAt = passed.indexOf(text)
    const end = foundAt >= 0 && isExact ? Math.max(0, foundAt + text.length - before) : chunk.length
    to.write(chunk.subarray(0, end), () => foundAt >= 0 && to.socket?.destroySoon())
  })
  from.on('end', () => to.end())
}

async function trickle(from: Readable, to: Writable): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length && !to.destroyed; at++) {
        to.write(chunk.subarray(at, at + 1))
        await setImmediate()
      }
    }
    to.end()
  } catch {
    to.destroy()
  }
}
