/**
 * Server in place of a busy executor: answers every request with 503, and reports their number when a message asks for
 * it.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'

let refused = 0
const server = createServer((request, response) => {
  refused += 1
  request.resume()
  response.writeHead(503).end()
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('message', () => process.send!(refused))
process.on('SIGTERM', () => process.exit())
