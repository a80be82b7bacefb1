// Responds to requests that Node cannot parse or that do not arrive in time, in place of Node's default, which has no headers.
import { STATUS_CODES, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null }

const statusOfCode: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Responds to requests that have no `IncomingMessage`, with Node's status and the given headers. */
export function respondToClientErrors(server: Server, responseHeaders: () => Readonly<Record<string, string>>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: HttpSocket) => {
    // Part of a response may have been written to the socket; a second status line would corrupt it.
    if (socket.writable && socket._httpMessage?.headersSent !== true) {
      const status = statusOfCode[error.code ?? ''] ?? 400
      const lines = Object.entries({ ...responseHeaders(), connection: 'close' }).map((header) => header.join(': '))
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n`)
    }
    socket.destroySoon()
  })
}
