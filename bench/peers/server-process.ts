import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

import { descendantsOf, killIfAlive } from '@codemode/testkit'

/** Milliseconds after SIGTERM until a process is killed. */
const graceMs = 5_000

/** Server of a peer in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string
  readonly pid: number
}

/** Starts a server that writes its port on descriptor 3 as JSON, and resolves when it listens. */
export async function startServer(
  program: string,
  { args, cwd }: { readonly args: readonly string[]; readonly cwd: string },
): Promise<ServerProcess> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] })
  const exited = once(child, 'exit')
  const port = async (): Promise<number> => {
    for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
      return (JSON.parse(line) as { port: number }).port
    }
    throw new Error(`${program} ${args.join(' ')} ended before it listened; its reason is on stderr.`)
  }
  return {
    url: `http://127.0.0.1:${await port()}`,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      const descendants = descendantsOf(child.pid!)
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await exited
      clearTimeout(timer)
      for (const { pid } of descendants) killIfAlive(pid)
    },
  }
}
