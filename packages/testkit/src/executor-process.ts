import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { builtPath, packageFlags, sourceFlag } from './programs.ts'
import { reuseIsolates } from './reuse-isolates.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** Executor in a process of its own, as in production. */
export interface ExecutorProcess extends AsyncDisposable {
  readonly url: string
  readonly apiKey: string
  readonly pid: number
  readonly child: ChildProcess
  /** Ends the process with SIGKILL. */
  kill(): Promise<void>
}

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Path of another checkout of this repository, already set up. */
  readonly root?: string
  /** Program and arguments that run instead of the executor's command; the program can receive messages over IPC. */
  readonly entry?: readonly string[]
  /** Module that is loaded before the program. */
  readonly preload?: string
  /** Destination of the log: the stderr of this process, by default, or none. */
  readonly stderr?: 'inherit' | 'ignore'
  /**
   * Whether to run the built package instead of the sources. By default, an executor of this checkout runs as the packages
   * of this process do, and one of another checkout runs from its sources.
   */
  readonly isBuilt?: boolean
}

/** Starts an executor on a free port, and resolves when it is ready. */
export async function startExecutorProcess(options: StartOptions = {}): Promise<ExecutorProcess> {
  const { env = {}, root = repository, preload, stderr = 'inherit' } = options
  const isBuilt = options.isBuilt ?? (root === repository && packageFlags.length === 0)
  const source = 'packages/executor/src/main.ts'
  const entry = options.entry ?? [isBuilt ? builtPath(source) : source]
  const apiKey = 'a-key-for-this-run-only'
  const node = root === repository ? execPath : join(root, 'node_modules/node/bin/node')
  const flags = [...(isBuilt ? [] : [sourceFlag]), ...(preload === undefined ? [] : ['--import', preload])]
  const child = spawn(node, [...flags, ...entry], {
    cwd: root,
    env: {
      // Another checkout may be older than this option.
      ...(root === repository && env['CODEMODE_DATABASE_URL'] === undefined && { CODEMODE_STORE: 'none' }),
      CODEMODE_DEV: '1',
      CODEMODE_API_KEY: apiKey,
      CODEMODE_PORT: '0',
      CODEMODE_LOG_LEVEL: 'error',
      ...(!reuseIsolates && { CODEMODE_REUSE_ISOLATES: 'off' }),
      ...env,
    },
    stdio: ['ignore', 'pipe', stderr, 'ipc'],
  })
  const exited = once(child, 'exit')
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) {
      const url = /ready on (\S+)/.exec(line)?.[1]
      if (url !== undefined) return url
    }
    throw new Error('The executor ended before it was ready; it has printed the reason on stderr.')
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
