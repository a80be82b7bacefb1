import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'

/** Program that computes for 60 s at most, in case it is not killed. */
const loop = 'process.stdout.write("."); const until = Date.now() + 60_000; while (Date.now() < until);'

/** Starts processes that only compute, and resolves when all of them do. Disposing kills them. */
export async function startBusyLoops(count: number): Promise<AsyncDisposable> {
  const stdio = ['ignore', 'pipe', 'ignore'] as const
  const loops = Array.from({ length: count }, () => spawn(execPath, ['-e', loop], { stdio: [...stdio] }))
  await Promise.all(loops.map((child) => once(child.stdout, 'data')))
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(
        loops.map(async (child) => {
          const exited = once(child, 'exit')
          child.kill('SIGKILL')
          await exited
        }),
      )
    },
  }
}
