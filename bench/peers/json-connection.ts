import { Pool } from 'undici'

/** Milliseconds for which an idle connection is kept: less than any server of the comparison keeps it. */
const keepAliveTimeout = 1_000
const timeoutMs = 90_000

/** Connections to one server, as many as there are requests in flight. */
export class JsonConnection implements AsyncDisposable {
  readonly #pool: Pool
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    const { origin, pathname } = new URL(url)
    this.#pool = new Pool(origin, { keepAliveTimeout, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
    this.#path = pathname
    this.#headers = { ...headers, 'content-type': 'application/json' }
  }

  /** Sends a POST, and resolves with the JSON of the response. Rejects for any status but 200. */
  async post(content: unknown): Promise<unknown> {
    const request = { method: 'POST', path: this.#path, headers: this.#headers, body: JSON.stringify(content) } as const
    const { statusCode, body } = await this.#pool.request(request)
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`status ${statusCode}: ${text.slice(0, 200)}`)
    return JSON.parse(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy()
  }
}
