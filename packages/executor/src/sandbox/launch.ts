import { spawn, type ChildProcess } from 'node:child_process'
import { kill } from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import { filterDescriptor, outputDescriptor, runtimeDescriptor, sandboxEnvironment, type Jail } from './jail/jails.ts'
import { chainOf } from './proc.ts'
import { runtimeSource } from './runtime-source.ts'

/** What a process starts from is in its pipes at once, on most systems; one that does not read it stops nothing. */
const maxSupplyMs = 1_000

/** A started sandbox process and the pipes to it. */
export interface LaunchedProcess {
  /** The outermost process: ending it ends all that it has started. */
  readonly process: ChildProcess
  readonly input: Writable
  readonly output: Readable
  readonly errors: Readable
}

/**
 * A process that was started before anybody asked for one. It is kept here since whoever asks is loaded later, and far from
 * where it is started.
 */
let ahead: { readonly command: readonly string[]; readonly launched: LaunchedProcess } | undefined

/**
 * Starts a process for whoever first asks for one in this jail: it starts while the rest of the executor is loaded. Resolves
 * when it has all that it starts from, or a little later if it does not take that. One that ends before it is asked for is
 * forgotten, and the jail tried again then.
 */
export async function launchAhead(jail: Jail): Promise<void> {
  const { launched, supplied } = launch(jail)
  ahead = { command: jail.command, launched }
  const forget = (): void => {
    if (ahead?.launched !== launched) return
    ahead = undefined
    closePipes(launched.process)
  }
  launched.process.on('error', forget).on('exit', forget)
  await Promise.race([supplied, delay(maxSupplyMs)])
}

/** Starts a sandbox process in a jail. Nothing of the executor's environment is there to be read. */
export function launchSandboxProcess(jail: Jail): LaunchedProcess {
  const early = ahead
  ahead = undefined
  if (early && isDeepStrictEqual(early.command, jail.command)) return early.launched
  if (early) closePipes(early.launched.process)
  return launch(jail).launched
}

function launch({ command, filter }: Jail): { launched: LaunchedProcess; supplied: Promise<void> } {
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
  const supplied = supply(child, filter).catch((error: unknown) => {
    closePipes(child)
    child.emit('error', error)
  })
  return { launched, supplied }
}

/** bwrap reads the filter to its end before it starts Node, which then starts while the runtime is linked. */
async function supply(child: ChildProcess, filter: Buffer | undefined): Promise<void> {
  if (filter) await give(child, filterDescriptor, filter)
  await give(child, runtimeDescriptor, JSON.stringify(runtimeSource()))
}

/** Writes all of it, and closes the descriptor, which is never read from. */
async function give({ stdio }: ChildProcess, descriptor: number, content: string | Buffer): Promise<void> {
  const stream = stdio[descriptor] as Writable
  if (stream.destroyed) return
  // A jail that does not start reads nothing; that it did not start is seen as its exit.
  const closed = new Promise((resolve) => stream.on('error', () => {}).once('close', resolve))
  stream.end(content, () => stream.destroy())
  await closed
}

/** A process that nobody speaks to ends by itself, also if it has not started yet. */
export function closePipes({ stdio }: ChildProcess): void {
  for (const stream of stdio) stream?.destroy()
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
