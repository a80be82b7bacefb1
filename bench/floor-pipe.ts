/** The other end of a pair of pipes such as a sandbox process has: what it reads it writes back, by one synchronous write. */
import { writeSync } from 'node:fs'
import process from 'node:process'

process.stdin.on('data', (chunk: Buffer) => writeSync(1, chunk))
process.send!('ready')
