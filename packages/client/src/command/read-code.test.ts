import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import type { CommandIo } from './command.ts'
import { readCode } from './read-code.ts'

test('code is read from standard input to its end', async () => {
  const input = new PassThrough()
  const reading = readCode(undefined, ioOf(input, new AbortController().signal))
  input.write('return ')
  input.end('42')
  expect(await reading).toBe('return 42')
})

test('reading standard input ends when the command is asked to end', async () => {
  const input = new PassThrough()
  const ending = new AbortController()
  const reading = readCode(undefined, ioOf(input, ending.signal))
  input.write('return ')
  ending.abort()
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
  expect(input.destroyed).toBe(true)
})

function ioOf(input: PassThrough, signal: AbortSignal): Pick<CommandIo, 'stdin' | 'signal'> {
  return { stdin: input as unknown as NodeJS.ReadStream, signal }
}
