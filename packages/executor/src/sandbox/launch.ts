import { spawn, type ChildProcess } from 'node:child_process'
import { kill } from 'node:process'
import type { Readable, Writable } from 'node:stream'

import { filterDescriptor, outputDescriptor, runtimeDescriptor, sandboxEnvironment, type Jail } from './jail/jails.ts'
import { chainOf } from './proc.ts'
import { runtimeSource } from './runtime-source.ts'

/** A started sandbox process and the pipes to it. */
export interface LaunchedProcess {
  /** The outermost process: ending it ends all that it has started. */
  readonly process: ChildProcess
  readonly input: Writable
  readonly output: Readable
  readonly errors: Readable
}

/** Starts a sandbox process in a jail. Nothing of the executor's environment is there to be read. */
export function launchSandboxProcess({ command, filter }: Jail): LaunchedProcess {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    env: sandboxEnvironment,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe', filter ? 'pipe' : 'ignore', 'pipe'],
    windowsHide: true,
  })
  // A jail that does not start reads neither; that it did not start is seen as its exit.
  if (filter) give(child, filterDescriptor, filter)
  // Linked while the first process starts.
  give(child, runtimeDescriptor, JSON.stringify(runtimeSource()))
  return {
    process: child,
    input: child.stdin!,
    output: child.stdio[outputDescriptor] as Readable,
    errors: child.stderr!,
  }
}

/** Writes all of it, and closes the descriptor, which is never read from. */
function give({ stdio }: ChildProcess, descriptor: number, content: string | Buffer): void {
  const stream = stdio[descriptor] as Writable
  stream.on('error', () => {}).end(content, () => stream.destroy())
}

/**
 * Kills a process from the inside out, so that none that it has started can outlive the one that was to take it along. One
 * that has ended already has no number any more: the system may have given it to another.
 */
export function killLaunched({
  pid,
  exitCode,
  signalCode,
}: Pick<ChildProcess, 'pid' | 'exitCode' | 'signalCode'>): void {
  if (exitCode !== null || signalCode !== null) return
  for (const each of chainOf(pid).toReversed()) {
    try {
      kill(each, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
}
