import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'

import { freePort } from '@codemode/testkit'
import { Webhook } from 'standardwebhooks'

/** Notification as it arrived, verified by the stock library. */
interface Received {
  readonly id: string
  readonly message: unknown
}

/** Receiver of notifications, on one port of this machine, which can be down. */
export class Receiver implements AsyncDisposable {
  readonly secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  readonly received: Received[] = []
  /** Bodies as they arrived. */
  readonly bodies: string[] = []
  /** Status of the responses. */
  status = 200
  #server = createServer()
  #port: number

  private constructor(port: number) {
    this.#port = port
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver(await freePort())
    await receiver.up()
    return receiver
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async up(): Promise<void> {
    this.#server = createServer(this.#receive)
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async down(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.down()
  }

  readonly #receive: RequestListener = (incoming, outgoing) => {
    let text = ''
    incoming.on('data', (chunk: Buffer) => (text += chunk.toString()))
    incoming.on('end', () => {
      const headers = incoming.headers as Record<string, string>
      const message = new Webhook(this.secret).verify(text, headers)
      this.received.push({ id: headers['webhook-id']!, message })
      this.bodies.push(text)
      outgoing.writeHead(this.status, { location: `${this.origin}/elsewhere` }).end()
    })
  }
}
