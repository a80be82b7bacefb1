import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

import type { ToolAnswer, ToolCallMessage } from '@codemode/shared'

/** Tools of the programs, as an application gives them to Codemode. */
export const codemodeTools = {
  echo: (input: unknown) => input,
  async wait({ ms }: { readonly ms: number }) {
    await delay(ms)
    return { ms }
  },
}

/** Token that the executor sends to the tool server. */
export const toolServerToken = 'a-token-of-the-tool-server-of-this-run'

/** Server of the tools in this process, which the executor calls over HTTP. */
export interface ToolServer extends AsyncDisposable {
  readonly url: string
}

/** Starts a tool server that checks the token, but neither the signature nor whether a call has arrived before. */
export async function startToolServer(): Promise<ToolServer> {
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const message = JSON.parse(await text(request)) as ToolCallMessage
  if (request.headers.authorization !== `Bearer ${toolServerToken}`) {
    response.writeHead(401).end()
    return
  }
  const output = (await codemodeTools[message.tool as keyof typeof codemodeTools](message.input as never)) as never
  const body = JSON.stringify({ ok: true, output } satisfies ToolAnswer)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
}
