import type { ServerResponse } from 'node:http'

import { startTinyProxy, type LocalServer } from './tiny-proxy.ts'

/**
 * Way in which a gateway ends a quiet request: with a status like nginx, by closing the connection like an ELB, or by
 * ending the answer that has begun.
 */
export type Ending = 'status' | 'close' | 'end'

interface QuietGatewayOptions {
  readonly quietMs: number
  readonly ending: Ending
  /** Status of the answer if none has begun; 504 by default. */
  readonly status?: number
}

/**
 * Paths of requests that are answered at once and are exempt: on a busy machine they may take longer than the gateway
 * waits.
 */
const isShort = /\/v1\/executions\/[^/]+(?:\/tool-results|\/cancel)?$/

/** Gateway that ends quiet requests. */
export interface QuietGateway extends LocalServer {
  /** Number of requests that it has ended. */
  readonly cuts: number
  /** Resolves when it has ended `count` requests in total. */
  readonly hasCut: (count: number) => Promise<void>
}

/** Starts a gateway that ends a request after `quietMs` without a byte of its answer. */
export async function startQuietGateway(
  target: { readonly url: string },
  { quietMs, ending, status = 504 }: QuietGatewayOptions,
): Promise<QuietGateway> {
  const state = { cuts: 0, next: Promise.withResolvers<void>() }
  const end = (response: ServerResponse): void => {
    state.cuts += 1
    if (ending === 'status' && !response.headersSent) {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Gateway Time-out</h1>')
    } else if (ending === 'end' && response.headersSent) response.end()
    else response.destroy()
    state.next.resolve()
    state.next = Promise.withResolvers()
  }
  const timers = new Map<ServerResponse, NodeJS.Timeout>()
  const proxy = await startTinyProxy(
    target,
    ({ response }, answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      response.flushHeaders()
      timers.get(response)?.refresh()
      answer.on('data', () => timers.get(response)?.refresh())
      answer.pipe(response)
    },
    ({ request, response }) => {
      if (isShort.test(request.url ?? '/')) return
      const timer = setTimeout(() => end(response), quietMs)
      timers.set(response, timer)
      response.once('close', () => {
        clearTimeout(timer)
        timers.delete(response)
      })
    },
  )
  return {
    url: proxy.url,
    get cuts() {
      return state.cuts
    },
    async hasCut(count) {
      while (state.cuts < count) await state.next.promise
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}
