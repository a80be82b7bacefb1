import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { PostgresServer } from '@codemode/testkit'

/** Proxy before a PostgreSQL server that loses the confirmation of one commit. */
export interface CommitLosingProxy extends AsyncDisposable {
  /** URL of the server through the proxy. */
  readonly url: string
  /** Number of confirmations that were lost. */
  readonly lost: number
}

/**
 * Starts a proxy before a PostgreSQL server. The first time that a transaction has committed whose statements contain the
 * text, the proxy breaks the connection instead of forwarding the confirmation.
 */
export async function startCommitLosingProxy(server: PostgresServer, text: string): Promise<CommitLosingProxy> {
  const [, host = ''] = /host=(.+)$/.exec(server.url) ?? []
  const folder = await mkdtemp(join(tmpdir(), 'cm-px-'))
  const socketName = '.s.PGSQL.5432'
  const sockets = new Set<Socket>()
  let lost = 0
  const proxy = createServer((client) => {
    const upstream = connect(join(host, socketName))
    let hasText = false
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {}).on('close', () => to.destroy())
    }
    client.on('data', (chunk) => {
      hasText ||= chunk.includes(text)
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (lost > 0 || !hasText || !chunk.includes('COMMIT\0')) return void client.write(chunk)
      lost += 1
      client.destroy()
    })
  })
  proxy.listen(join(folder, socketName))
  await once(proxy, 'listening')
  return {
    url: server.url.replace(host, folder),
    get lost() {
      return lost
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
