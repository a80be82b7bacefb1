import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../packages/executor/src/main.ts', import.meta.url))

/** An executor in a process of its own, as in production. */
export interface ExecutorProcess extends AsyncDisposable {
  readonly url: string
  readonly apiKey: string
  readonly pid: number
}

/** Starts an executor on a free port and resolves when it is ready. */
export async function startExecutorProcess(env: Record<string, string> = {}): Promise<ExecutorProcess> {
  const apiKey = 'a-key-for-this-run-only'
  const child = spawn(execPath, ['--conditions=@codemode/source', main], {
    env: { CODEMODE_DEV: '1', CODEMODE_API_KEY: apiKey, CODEMODE_PORT: '0', CODEMODE_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
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
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
