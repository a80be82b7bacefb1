import type { ServerResponse } from 'node:http'

import { startTinyProxy, type LocalServer } from './tiny-proxy.ts'

/** Proxy that buffers event streams until the test releases them; it forwards all other responses at once. */
export interface HoldingProxy extends LocalServer {
  /** Resolves when the buffer contains the text. */
  readonly holds: (text: string) => Promise<void>
  /** Releases the buffer, up to the end of the message that contains the text if one is given. */
  readonly release: (text?: string) => void
  /** Releases the buffer, and stops buffering. */
  readonly open: () => void
}

/** Starts a proxy that holds event streams back. */
export async function startHoldingProxy(target: { readonly url: string }): Promise<HoldingProxy> {
  let held = ''
  let isOpen = false
  let isOver = false
  let stream: ServerResponse | undefined
  let next = Promise.withResolvers<void>()
  const flush = (length: number): void => {
    if (length > 0) stream?.write(held.slice(0, length), 'latin1')
    held = held.slice(length)
    if (isOver && held === '') stream?.end()
  }
  const proxy = await startTinyProxy(target, ({ response }, answer) => {
    response.writeHead(answer.statusCode!, answer.headers)
    if (!String(answer.headers['content-type']).startsWith('text/event-stream')) {
      answer.pipe(response)
      return
    }
    stream = response
    held = ''
    isOver = false
    answer.setEncoding('latin1').on('data', (chunk: string) => {
      held += chunk
      if (isOpen) flush(held.length)
      next.resolve()
      next = Promise.withResolvers()
    })
    answer.on('end', () => {
      isOver = true
      flush(0)
    })
  })
  return {
    url: proxy.url,
    async holds(text) {
      while (!held.includes(text)) await next.promise
    },
    release(text) {
      flush(text === undefined ? held.length : held.indexOf('\n\n', held.indexOf(text)) + 2)
    },
    open() {
      isOpen = true
      flush(held.length)
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}
