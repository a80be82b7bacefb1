/** Stands where a busy executor would: answers every request with 503, and tells how many there were when it is asked. */
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
