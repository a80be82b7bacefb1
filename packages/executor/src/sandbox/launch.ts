import { spawn, type ChildProcess } from 'node:child_process'
import { kill } from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import { filterDescriptor, outputDescriptor, runtimeDescriptor } from './descriptors.ts'
import { sandboxEnvironment, type Jail } from './jail/jails.ts'
import { chainOf } from './proc.ts'
import { ownRuntime, type RuntimeText } from './runtime-source.ts'

/**
 * Maximum milliseconds that `launchAhead` waits until a process has read its filter and runtime. On most systems the
 * pipes take them at once.
 */
const maxWriteMs = 1_000

/** Started sandbox process and the pipes to it. */
export interface LaunchedProcess {
  /** Outermost process. Ending it ends all that it has started. */
  readonly process: ChildProcess
  readonly input: Writable
  readonly output: Readable
  readonly errors: Readable
}

/**
 * Process that was started before it was requested. It is a module variable because the code that requests it is loaded
 * later, far from the code that starts it.
 */
let prelaunched: { readonly command: readonly string[]; readonly launched: LaunchedProcess } | undefined

/**
 * Starts a process for the first request in this jail, while the rest of the executor is loaded. Resolves when the
 * process has its filter and runtime, or after `maxWriteMs` if it does not read them. A process that ends before the
 * request is forgotten, and the request starts another in its jail.
 */
export async function launchAhead(jail: Jail): Promise<void> {
  const { launched, written } = launch(jail)
  prelaunched = { command: jail.command, launched }
  const forget = (): void => {
    if (prelaunched?.launched !== launched) return
    prelaunched = undefined
    closePipes(launched.process)
  }
  launched.process.on('error', forget).on('exit', forget)
  await Promise.race([written, delay(maxWriteMs)])
}

/**
 * Starts a sandbox process in a jail, or returns the one that was started ahead, which has the guest runtime of this
 * version. The process has nothing of the executor's environment.
 */
export function launchSandboxProcess(jail: Jail, runtime?: RuntimeText): LaunchedProcess {
  if (runtime !== undefined) return launch(jail, runtime).launched
  const candidate = prelaunched
  prelaunched = undefined
  if (candidate && isDeepStrictEqual(candidate.command, jail.command)) return candidate.launched
  if (candidate) closePipes(candidate.launched.process)
  return launch(jail).launched
}

function launch(
  { command, filter }: Jail,
  runtime?: RuntimeText,
): { launched: LaunchedProcess; written: Promise<void> } {
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
  const written = writeStartFiles(child, filter, runtime).catch((error: unknown) => {
    closePipes(child)
    child.emit('error', error)
  })
  return { launched, written }
}

/**
 * Writes the filter and then the runtime. bwrap reads the filter to its end before it starts Node, which then starts
 * while the runtime is bundled.
 */
async function writeStartFiles(child: ChildProcess, filter?: Buffer, runtime?: RuntimeText): Promise<void> {
  if (filter) await writeAndClose(child, filterDescriptor, filter)
  await writeAndClose(child, runtimeDescriptor, (runtime ?? (await ownRuntime())).text)
}

/** Writes all of the content to a descriptor that is never read from, and closes it. */
async function writeAndClose({ stdio }: ChildProcess, descriptor: number, content: string | Buffer): Promise<void> {
  const stream = stdio[descriptor] as Writable
  if (stream.destroyed) return
  // A jail that does not start reads nothing; its failure shows as its exit.
  const closed = new Promise((resolve) => stream.on('error', () => {}).once('close', resolve))
  stream.end(content, () => stream.destroy())
  await closed
}

/** Closes all pipes of a process. A sandbox process without them ends by itself, even if it has not started yet. */
export function closePipes({ stdio }: ChildProcess): void {
  for (const stream of stdio) stream?.destroy()
}

/**
 * Kills a process and those that it has started, the innermost first, so that none outlives its wrapper. Does nothing
 * if the process has ended: the system may have given its id to another.
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
      // The process is gone already.
    }
  }
}
