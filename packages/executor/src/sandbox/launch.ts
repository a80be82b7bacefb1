import { spawn, type ChildProcess } from 'node:child_process'
import { kill } from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'

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

/** A process that was started before anybody asked for one, and its jail's command. */
let ahead: { readonly command: readonly string[]; readonly launched: LaunchedProcess } | undefined

/**
 * Starts a process for whoever first asks for one in this jail, and resolves when it has all that it starts from: it can do
 * so while the rest of the executor is loaded. If it ends before it is asked for, it never was.
 */
export async function launchAhead(jail: Jail): Promise<void> {
  const { launched, isSupplied } = launch(jail)
  ahead = { command: jail.command, launched }
  const forget = (): void => {
    if (ahead?.launched !== launched) return
    ahead = undefined
    for (const stream of launched.process.stdio) stream?.destroy()
  }
  launched.process.once('error', forget).once('exit', forget)
  await isSupplied
}

/** Starts a sandbox process in a jail. Nothing of the executor's environment is there to be read. */
export function launchSandboxProcess(jail: Jail): LaunchedProcess {
  if (ahead === undefined || !isDeepStrictEqual(ahead.command, jail.command)) return launch(jail).launched
  const { launched } = ahead
  ahead = undefined
  return launched
}

function launch({ command, filter }: Jail): { launched: LaunchedProcess; isSupplied: Promise<void> } {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    env: sandboxEnvironment,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe', filter ? 'pipe' : 'ignore', 'pipe'],
    windowsHide: true,
  })
  const launched = {
    process: child,
    input: child.stdin!,
    output: child.stdio[outputDescriptor] as Readable,
    errors: child.stderr!,
  }
  return { launched, isSupplied: supply(child, filter).catch((error: unknown) => void child.emit('error', error)) }
}

/** The filter comes first: the process waits for its end, and then starts while the runtime is linked. */
async function supply(child: ChildProcess, filter: Buffer | undefined): Promise<void> {
  if (filter) await give(child, filterDescriptor, filter)
  await give(child, runtimeDescriptor, JSON.stringify(runtimeSource()))
}

/** Writes all of it, and closes the descriptor, which is never read from. A jail that does not start reads nothing. */
async function give({ stdio }: ChildProcess, descriptor: number, content: string | Buffer): Promise<void> {
  const stream = stdio[descriptor] as Writable
  const isClosed = new Promise((resolve) => stream.on('error', () => {}).once('close', resolve))
  stream.end(content, () => stream.destroy())
  await isClosed
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
