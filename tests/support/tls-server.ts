import { request as send } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** Self-signed certificate of the server, for localhost and 127.0.0.1. Its key protects nothing. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPPJ75oB9Ea8gPho
lk7NzR6c7Wym3Vkhjt0Xp5fvzRwVuBjga4XGrVQ+FWb2QqP77q37sZy9S9nJGdYa
DlQemKSjTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBSW7all7CAuXDN/a1lv9j8qdfKwszAKBggqhkjOPQQD
AgNHADBEAiAOfdDnq5JrHRkmwXG73g9M77gOcg9PPxCMBiTiQHuJdwIgZmCNhOa8
twjbuH/T48DPy9BZfW0U18oiB+rox58eGr4=
-----END CERTIFICATE-----
`
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3MzC2Y5SkRsuE9C9
W70V/r0ztu9hNKFLIDRslsA7NpChRANCAATzye+aAfRGvID4aJZOzc0enO1spt1Z
IY7dF6eX780cFbgY4GuFxq1UPhVm9kKj++6t+7GcvUvZyRnWGg5UHpik
-----END PRIVATE KEY-----
`

interface TlsServer extends AsyncDisposable {
  readonly url: string
  /** Returns the number of requests that it received. */
  readonly requests: () => number
}

/** Starts a TLS server that forwards to a server without TLS. */
export async function startTlsServer(target: { readonly url: string }): Promise<TlsServer> {
  let requests = 0
  const server = createServer({ cert: certificate, key }, (request, response) => {
    requests += 1
    const { method, url = '/', headers } = request
    const forwarded = send(new URL(url, target.url), { method, headers, agent: false })
    response.once('close', () => forwarded.destroy())
    forwarded.on('error', () => response.destroy())
    forwarded.on('response', (incoming) => {
      response.writeHead(incoming.statusCode!, incoming.headers)
      incoming.on('error', () => response.destroy()).pipe(response)
    })
    request.pipe(forwarded)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
