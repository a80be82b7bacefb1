import type { ServerResponse } from 'node:http'

import { startTinyProxy, type LocalServer } from './tiny-proxy.ts'

/**
 * Behaviour of a gateway that ends an idle request: it answers with a status like nginx, closes the connection like an
 * ELB, or ends the response that has begun.
 */
export type Ending = 'status' | 'close' | 'end'

interface IdleTimeoutGatewayOptions {
  readonly idleTimeoutMs: number
  readonly ending: Ending
  /** Status of the answer if none has begun; 504 by default. */
  readonly status?: number
}

/**
 * Paths of requests that the gateway does not end. They are answered at once, but on a busy machine this may take
 * longer than the idle timeout.
 */
const exemptPaths = /\/v1\/(?:info|executions\/[^/]+(?:\/tool-results|\/cancel)?)$/

/** Gateway that ends idle requests. */
export interface IdleTimeoutGateway extends LocalServer {
  /** Number of requests that it has ended. */
  readonly cuts: number
  /** Resolves when it has ended `count` requests in total. */
  readonly hasCut: (count: number) => Promise<void>
}

/** Starts a gateway that ends a request after `idleTimeoutMs` without a byte of its response. */
export async function startIdleTimeoutGateway(
  target: { readonly url: string },
  { idleTimeoutMs, ending, status = 504 }: IdleTimeoutGatewayOptions,
): Promise<IdleTimeoutGateway> {
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
      if (exemptPaths.test(request.url ?? '/')) return
      const timer = setTimeout(() => end(response), idleTimeoutMs)
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
