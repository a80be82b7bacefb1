// Notifications between nodes by LISTEN and NOTIFY. They only hasten: everything that depends on one is also polled. They
// are sent after a commit and not within it, because commits that notify wait for each other.
import { createHash } from 'node:crypto'

import pg from 'pg'

import { clientConfig, type ConnectionOptions } from './connection-pool.ts'

const channel = 'codemode'
/** Maximum number of topics in a notification; PostgreSQL allows 8,000 bytes. */
const maxTopics = 400
const checkIntervalMs = 10_000
const firstReconnectMs = 100
const maxReconnectMs = 5_000

/** Topic of executions that can be claimed. */
export const workTopic = 'work'

/** Returns the topic of the journal of an execution: a hash, so that a notification is short and tells nothing. */
export function topicOf(tenant: string, id: string): string {
  return createHash('sha256').update(`${tenant}\0${id}`).digest('base64url').slice(0, 16)
}

/** Returns the topic of the messages to the execution of a topic. */
export function messageTopic(topic: string): string {
  return `${topic}!`
}

interface NotificationsOptions {
  readonly connection: ConnectionOptions
  /** Called with a topic that this or another node has notified. */
  readonly onTopic: (topic: string) => void
  /** Called when notifications may have been missed. */
  readonly onMissed: () => void
}

/** Connection that sends and receives notifications, and is replaced when it breaks. */
export class Notifications {
  readonly #options: NotificationsOptions
  #client: pg.Client | undefined
  #topics = new Set<string>()
  #isSending = false
  #reconnectMs = firstReconnectMs
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: NotificationsOptions) {
    this.#options = options
    void this.#connect()
  }

  /** Notifies this node at once and the others soon. */
  send(topics: Iterable<string>): void {
    for (const topic of topics) {
      this.#topics.add(topic)
      this.#options.onTopic(topic)
    }
    if (!this.#isSending) void this.#sendAll()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    while (this.#topics.size > 0 && this.#client !== undefined) {
      const topics = [...this.#topics].slice(0, maxTopics)
      for (const topic of topics) this.#topics.delete(topic)
      try {
        await this.#client.query('select pg_notify($1, $2)', [channel, topics.join(',')])
      } catch {
        break
      }
    }
    // Without a connection nothing is kept: the other nodes poll.
    if (this.#client === undefined) this.#topics.clear()
    this.#isSending = false
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(clientConfig({ ...this.#options.connection, isAsynchronous: true }))
    client.on('error', () => {})
    client.once('end', () => this.#reconnectLater(client))
    client.on('notification', ({ processId, payload = '' }) => {
      if (processId === ownProcessId) return
      for (const topic of payload.split(',')) this.#options.onTopic(topic)
    })
    let ownProcessId: number | undefined
    try {
      await client.connect()
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      ownProcessId = rows[0]?.pid
      await client.query(`listen ${channel}`)
    } catch {
      await client.end().catch(() => {})
      this.#reconnectLater(client)
      return
    }
    if (this.#isClosed) return void client.end().catch(() => {})
    this.#client = client
    this.#reconnectMs = firstReconnectMs
    this.#options.onMissed()
    this.#checkLater(client)
  }

  /** Finds a connection that has been cut without a trace. */
  #checkLater(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query('select 1').then(
        () => this.#client === client && !this.#isClosed && this.#checkLater(client),
        () => client.end().catch(() => {}),
      )
    }, checkIntervalMs)
  }

  #reconnectLater(client: pg.Client): void {
    if (this.#isClosed || (this.#client !== undefined && this.#client !== client)) return
    this.#client = undefined
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), this.#reconnectMs)
    this.#reconnectMs = Math.min(2 * this.#reconnectMs, maxReconnectMs)
  }
}
