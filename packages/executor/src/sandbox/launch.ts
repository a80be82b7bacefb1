import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

import { filterDescriptor, outputDescriptor, sandboxEnvironment, type Jail } from './jail/jails.ts'

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
    stdio: ['pipe', 'ignore', 'pipe', 'pipe', ...(filter ? ['pipe' as const] : [])],
    windowsHide: true,
  })
  const filterInput = filter && (child.stdio[filterDescriptor] as Writable)
  // A jail that does not start reads no filter; that it did not start is seen as its exit.
  filterInput?.on('error', () => {}).end(filter)
  return {
    process: child,
    input: child.stdin!,
    output: child.stdio[outputDescriptor] as Readable,
    errors: child.stderr!,
  }
}
