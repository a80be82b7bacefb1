import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { onTestFinished } from 'vitest'

/** Makes a temporary folder, which is removed at the end of the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-installed-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Returns the variables in words such as `NAME=value`. */
export function variablesIn(text: string): Record<string, string> {
  const words = text.split(/\s+/).filter((word) => word.includes('='))
  return Object.fromEntries(words.map((word) => word.split(/=(.*)/s, 2)))
}

interface StartOptions {
  readonly cwd: string
  /** All environment variables of the process. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

/**
 * Starts an executor by a command, and resolves with its URL when it is ready. `stop` ends it with SIGTERM, and resolves with its
 * exit code and signal. It is ended at the end of the test in any case.
 */
export async function startCommand([file, ...args]: readonly string[], { cwd, variables }: StartOptions) {
  const child = spawn(file!, args, { cwd, env: variables, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (text) => (stderr += String(text)))
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ready on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    return {
      url,
      stop: (): Promise<unknown[]> => {
        child.kill('SIGTERM')
        return exited
      },
    }
  }
  throw new Error(`${file} ended before it was ready: ${String(await exited)}\n${stderr}`)
}
