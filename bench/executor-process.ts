import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))
const main = 'packages/executor/src/main.ts'
const condition = '--conditions=@codemode/source'

/** An executor in a process of its own, as in production. */
export interface ExecutorProcess extends AsyncDisposable {
  readonly url: string
  readonly apiKey: string
  readonly pid: number
  readonly child: ChildProcess
  /** Ends it by SIGKILL. */
  kill(): Promise<void>
}

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Another checkout of this repository, set up. */
  readonly root?: string
  /** What is run instead of the executor's own command, with its arguments; it can be sent messages. */
  readonly entry?: readonly string[]
  /** A module that is loaded before it. */
  readonly preload?: string
}

/** Starts an executor on a free port and resolves when it is ready. */
export async function startExecutorProcess(options: StartOptions = {}): Promise<ExecutorProcess> {
  const { env = {}, root = here, entry = [main], preload } = options
  const apiKey = 'a-key-for-this-run-only'
  const node = root === here ? execPath : join(root, 'node_modules/node/bin/node')
  const child = spawn(node, [condition, ...(preload === undefined ? [] : ['--import', preload]), ...entry], {
    cwd: root,
    env: { CODEMODE_DEV: '1', CODEMODE_API_KEY: apiKey, CODEMODE_PORT: '0', CODEMODE_LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) {
      const url = /ready on (\S+)/.exec(line)?.[1]
      if (url !== undefined) return url
    }
    throw new Error('the executor ended before it was ready')
  })()
  const url = await ready
  return {
    url,
    apiKey,
    pid: child.pid!,
    child,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Those of the variables that this executor knows; it refuses others. */
export function knownVariables(env: Readonly<Record<string, string>>): Record<string, string> {
  const help = execFileSync(execPath, [condition, main, '--help'], { cwd: here, encoding: 'utf8' })
  return Object.fromEntries(Object.entries(env).filter(([name]) => help.includes(`  ${name} `)))
}
