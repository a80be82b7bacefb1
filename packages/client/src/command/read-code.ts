import { readFile } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'

import type { CommandIo } from './command.ts'
import { UsageError } from './usage-error.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
}

/**
 * Resolves with the code of a file, or of standard input if there is no path. Rejects with `UsageError`, and with an AbortError if
 * the signal aborts before standard input has ended.
 */
export async function readCode(
  path: string | undefined,
  { stdin, signal }: Pick<CommandIo, 'stdin' | 'signal'>,
): Promise<string> {
  if (path !== undefined) return readFileText(path)
  if (stdin.isTTY) throw new UsageError('codemode run needs a file, or code on standard input: codemode run main.js')
  return text(addAbortSignal(signal, stdin))
}

async function readFileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new UsageError(`${path} can't be read: ${reasons[code] ?? 'it is not a readable file'} (${code}).`)
  }
}
