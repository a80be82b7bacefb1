/**
 * Program in place of a sandbox process that native code controls: reports that it is ready, and then writes the given
 * bytes.
 */
import { readFileSync, writeSync } from 'node:fs'
import process from 'node:process'

const output = 3
const [path = '', chunkBytes = '100'] = process.argv.slice(2)

const ready = JSON.stringify({
  type: 'ready',
  versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' },
})
const header = Buffer.alloc(4)
header.writeUInt32BE(Buffer.byteLength(ready))
writeSync(output, Buffer.concat([header, Buffer.from(ready)]))

// It writes when it gets its first message, and never ends by itself.
process.stdin.once('data', () => {
  const bytes = readFileSync(path)
  for (let at = 0; at < bytes.length; at += Number(chunkBytes)) {
    writeSync(output, bytes, at, Math.min(Number(chunkBytes), bytes.length - at))
  }
  process.stderr.write('noise '.repeat(1_000))
})
