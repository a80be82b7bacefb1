import { startTinyProxy, type LocalServer } from './tiny-proxy.ts'

const timestamp = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

/** Starts a proxy that shifts every time in an executor's answers, as if the executor's clock were `aheadMs` ahead. */
export function startShiftingProxy(target: { readonly url: string }, aheadMs: number): Promise<LocalServer> {
  const shifted = (text: string): string =>
    text.replaceAll(timestamp, (time) => new Date(Date.parse(time) + aheadMs).toISOString())
  return startTinyProxy(target, ({ response }, answer) => {
    const { 'content-length': _, ...headers } = answer.headers
    response.writeHead(answer.statusCode!, headers)
    response.flushHeaders()
    let rest = ''
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      rest += chunk
      // Only whole messages of a stream are shifted, because a time may be split between two chunks.
      const end = rest.lastIndexOf('\n\n')
      if (end < 0) return
      response.write(shifted(rest.slice(0, end + 2)))
      rest = rest.slice(end + 2)
    })
    answer.on('end', () => response.end(shifted(rest)))
  })
}
