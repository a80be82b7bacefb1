import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL that responds with the shared executor, when its data is there. */
    sharedConsole: string
  }
}

/**
 * Starts `serve.ts`: one executor with one data set for all files of the project. Its data is made while the tests of other
 * projects run; the files of this one wait for the response of the URL.
 */
export default async function shareConsole({ provide }: TestProject): Promise<() => Promise<void>> {
  const child = fork(fileURLToPath(new URL('../serve.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const served = Promise.race([
    once(child, 'message').then(([message]) => JSON.stringify(message)),
    exited.then(() => {}),
  ])
  const server = createServer((_request, response) => {
    void served.then((text) => {
      response.statusCode = text === undefined ? 500 : 200
      response.end(text ?? 'The executor of the console tests ended before its data was made; stderr has the reason.')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  provide('sharedConsole', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return async () => {
    server.close()
    child.disconnect()
    await exited
  }
}
