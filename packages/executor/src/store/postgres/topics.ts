// Topics that nodes notify each other of by LISTEN and NOTIFY. They only hasten: everything that depends on one is also
// polled. They are sent after a commit and not within it, because commits that notify wait for each other.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import pg from 'pg'

import { clientConfig, type ConnectionOptions } from './connection-pool.ts'

const channel = 'codemode'
/** Maximum number of topics in a notification; PostgreSQL allows 8,000 bytes. */
const maxTopics = 400
/** Milliseconds in which topics are gathered for a notification. */
const gatherMs = 5
const checkIntervalMs = 10_000
const firstReconnectMs = 100
const maxReconnectMs = 5_000

/** Topic of executions that can be claimed. */
export const workTopic = 'work'

/** Topic of notifications to deliver. */
export const notificationTopic = 'notification'

/** Returns the topic of the journal of an execution: a hash, so that a notification is short and tells nothing. */
export function topicOf(tenant: string, id: string): string {
  return createHash('sha256').update(`${tenant}\0${id}`).digest('base64url').slice(0, 16)
}

/** Returns the topic of the messages to the execution of a topic. */
export function messageTopic(topic: string): string {
  return `${topic}!`
}

interface TopicsOptions {
  readonly connection: ConnectionOptions
  /** Called with a topic that this or another node has notified. */
  readonly onTopic: (topic: string) => void
  /** Called when topics may have been missed. */
  readonly onMissed: () => void
}

/** Connection that sends and receives topics, and is replaced when it breaks. */
export class Topics {
  readonly #options: TopicsOptions
  readonly #closing = new AbortController()
  #client: pg.Client | undefined
  #topics = new Set<string>()
  #isSending = false
  #reconnectMs = firstReconnectMs

  constructor(options: TopicsOptions) {
    this.#options = options
    void this.#keepConnected()
  }

  /** Notifies this node at once and the others soon. */
  send(topics: readonly string[]): void {
    for (const topic of topics) this.#options.onTopic(topic)
    this.sendToOthers(topics)
  }

  /** Notifies the other nodes soon. */
  sendToOthers(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.add(topic)
    if (!this.#isSending) void this.#sendAll()
  }

  close(): void {
    this.#closing.abort()
    void this.#client?.end()
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    while (this.#topics.size > 0 && this.#client !== undefined) {
      await delay(gatherMs)
      const topics = [...this.#topics].slice(0, maxTopics)
      for (const topic of topics) this.#topics.delete(topic)
      await this.#client?.query('select pg_notify($1, $2)', [channel, topics.join(',')]).catch(() => {})
    }
    // Without a connection nothing is kept: the other nodes poll.
    this.#topics.clear()
    this.#isSending = false
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#useConnection().catch(() => {})
      this.#client = undefined
      await delay(this.#reconnectMs, undefined, { signal }).catch(() => {})
      this.#reconnectMs = Math.min(2 * this.#reconnectMs, maxReconnectMs)
    }
  }

  /** Uses one connection until it ends. */
  async #useConnection(): Promise<void> {
    const { connection, onTopic, onMissed } = this.#options
    const client = new pg.Client(clientConfig({ ...connection, isAsynchronous: true }))
    client.on('error', () => {})
    const ended = new Promise((resolve) => client.once('end', resolve))
    try {
      await client.connect()
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      client.on('notification', ({ processId, payload = '' }) => {
        if (processId !== rows[0]?.pid) for (const topic of payload.split(',')) onTopic(topic)
      })
      await client.query(`listen ${channel}`)
      if (this.#closing.signal.aborted) return
      this.#client = client
      this.#reconnectMs = firstReconnectMs
      onMissed()
      await Promise.race([ended, this.#check(client)])
    } finally {
      void client.end().catch(() => {})
    }
  }

  /** Rejects when the connection has been cut without a trace, or is closed. */
  async #check(client: pg.Client): Promise<void> {
    for (;;) {
      await delay(checkIntervalMs, undefined, { signal: this.#closing.signal })
      await client.query('select 1')
    }
  }
}
