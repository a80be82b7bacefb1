import type { ClientConfig } from '@codemode/client'

import { freePort } from './free-port.ts'

/** Returns the configuration of a tool server on a free port, with a secret that the clients of several processes can share. */
export async function sharedToolServer(): Promise<NonNullable<ClientConfig['toolServer']>> {
  const port = await freePort()
  return { port, url: `http://127.0.0.1:${port}/`, secret: 'a-secret-that-all-processes-of-the-client-share' }
}
