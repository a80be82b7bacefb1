import type { ServerResponse } from 'node:http'

import { startTinyProxy, type LocalServer } from './tiny-proxy.ts'

/** How a gateway ends a request that is quiet: as nginx does, as an ELB does, or by ending the answer that has begun. */
export type Ending = 'status' | 'close' | 'end'

interface QuietGatewayOptions {
  readonly quietMs: number
  readonly ending: Ending
  /** The status of the answer when none has begun; 504 if it is not given. */
  readonly status?: number
}

/** Requests that are answered at once; on a machine that is busy they may take longer than the gateway waits. */
const isShort = /\/v1\/executions\/[^/]+(?:\/tool-results|\/cancel)?$/

/** A gateway that ends requests that are quiet. */
export interface QuietGateway extends LocalServer {
  /** Number of requests that it has ended. */
  readonly cuts: number
  /** Resolves when it has ended so many requests in all. */
  readonly hasCut: (count: number) => Promise<void>
}

/** Starts a gateway that ends each request after some milliseconds in which no byte of its answer has come. */
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
