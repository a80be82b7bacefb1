import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Load balancer of TCP connections on this machine. */
export interface LoadBalancer extends AsyncDisposable {
  readonly url: string
}

/** Starts a balancer that gives each connection to the next of the ports on which a server listens. */
export async function startLoadBalancer(ports: readonly number[]): Promise<LoadBalancer> {
  const sockets = new Set<Socket>()
  let next = 0
  const keep = (socket: Socket): void => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy()))
  }
  const server = createServer(async (client) => {
    keep(client)
    client.pause()
    for (let attempt = 0; attempt < ports.length; attempt++) {
      const target = connect({ host: '127.0.0.1', port: ports[next++ % ports.length]! })
      keep(target)
      const isConnected = await once(target, 'connect').then(
        () => true,
        () => false,
      )
      if (!isConnected) continue
      target.on('close', () => client.destroy())
      client.on('close', () => target.destroy())
      client.pipe(target)
      target.pipe(client)
      return
    }
    client.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}
