import { createServer, request as send, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Request that a proxy received: an absolute URL to forward, or host and port of a tunnel. */
export interface ProxiedRequest {
  readonly method: string
  readonly target: string
}

/** Forward proxy, as `HTTP_PROXY` names it. */
export interface ForwardProxy extends AsyncDisposable {
  readonly url: string
  /** Returns the URL with credentials, `user:password`, before the host. */
  urlWith(credentials: string): string
  readonly requests: readonly ProxiedRequest[]
  /** Returns the number of connections that it accepted. */
  readonly connections: () => number
}

interface ForwardProxyOptions {
  /** Port; a free one by default. */
  readonly port?: number
  /** Required credentials, `user:password`; other requests get 407. */
  readonly credentials?: string
  /** Refusal of every request: a status, a closed connection, or no answer at all. */
  readonly refuses?: number | 'reset' | 'hang'
}

/** Starts a real proxy on this machine, which forwards plain requests and opens tunnels. */
export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const { port: ownPort = 0, credentials, refuses } = options
  const requests: ProxiedRequest[] = []
  const sockets = new Set<Duplex>()
  let connections = 0

  const refusalOf = ({ headers }: IncomingMessage): typeof refuses => {
    const expected = `Basic ${Buffer.from(credentials ?? '').toString('base64')}`
    return credentials !== undefined && headers['proxy-authorization'] !== expected ? 407 : refuses
  }
  const keep = (socket: Duplex): void => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }

  const server = createServer((request, response) => {
    const { method = 'GET', url = '' } = request
    requests.push({ method, target: url })
    const refusal = refusalOf(request)
    if (refusal === 'hang') return
    if (refusal === 'reset') request.socket.destroy()
    else if (refusal !== undefined) response.writeHead(refusal, { 'content-type': 'text/html' }).end('<html>no</html>')
    else {
      const { 'proxy-authorization': _, ...headers } = request.headers
      const forwarded = send(new URL(url), { method, headers, agent: false })
      response.once('close', () => forwarded.destroy())
      forwarded.on('error', () => response.destroy())
      forwarded.on('response', (incoming) => {
        response.writeHead(incoming.statusCode!, incoming.headers)
        incoming.on('error', () => response.destroy()).pipe(response)
      })
      request.pipe(forwarded)
    }
  })
  server.on('connect', (request, client: Socket, head) => {
    const target = request.url ?? ''
    requests.push({ method: 'CONNECT', target })
    const refusal = refusalOf(request)
    if (refusal === 'hang') return
    if (refusal === 'reset') client.destroy()
    else if (refusal !== undefined) client.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`)
    else {
      const { hostname, port } = new URL(`http://${target}`)
      const upstream = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        upstream.write(head)
        upstream.pipe(client).pipe(upstream)
      })
      keep(upstream)
      upstream.once('close', () => client.destroy())
      client.once('close', () => upstream.destroy())
    }
  })
  server.on('connection', (socket: Socket) => {
    connections += 1
    keep(socket)
  })
  await new Promise<void>((resolve) => server.listen(ownPort, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    urlWith: (given) => `http://${given}@${host}`,
    requests,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
