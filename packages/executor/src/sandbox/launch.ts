import { spawn, type ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { execPath } from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL(`child/main${extname(import.meta.filename)}`, import.meta.url))

/** A started sandbox process and the two pipes to it. */
export interface LaunchedProcess {
  readonly process: ChildProcess
  readonly input: Writable
  readonly output: Readable
  readonly errors: Readable
}

/**
 * Starts a sandbox process. Its environment is exactly a time zone and a locale: nothing of the executor's
 * environment is there to be read, and nothing of the machine's can make a replay diverge.
 */
export function launchSandboxProcess(): LaunchedProcess {
  const child = spawn(execPath, [...nodeFlags, entry], {
    env: { TZ: 'UTC', LC_ALL: 'en_US.UTF-8' },
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  return {
    process: child,
    input: child.stdin!,
    output: child.stdio[3] as Readable,
    errors: child.stderr!,
  }
}

const nodeFlags = [
  // isolated-vm's isolates can't be made from Node's snapshot.
  '--no-node-snapshot',
  '--max-old-space-size=256',
  // The runtime's functions are compiled once and cached; without this flag each isolate compiles them again on first use.
  '--no-lazy',
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
]
