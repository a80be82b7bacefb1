/**
 * Echo process behind two pipes like those of a sandbox process. It writes back each chunk that it reads, in one
 * synchronous write.
 */
import { writeSync } from 'node:fs'
import process from 'node:process'

process.stdin.on('data', (chunk: Buffer) => writeSync(1, chunk))
process.send!('ready')
