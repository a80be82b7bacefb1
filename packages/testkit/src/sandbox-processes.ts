import { basename } from 'node:path'
import process from 'node:process'

import { descendantsOf, type Descendant } from './process-tree.ts'

const entry = /\/sandbox\/child\/main\.[jt]s$/

/** Returns the living sandbox processes of the executor in this process, or in the given one. */
export function sandboxProcesses(executorPid: number = process.pid): number[] {
  return descendantsOf(executorPid)
    .filter(isSandboxProcess)
    .map(({ pid }) => pid)
}

/**
 * Returns whether a process is a sandbox process. The commands that start one in a jail have the same arguments behind
 * their own.
 */
export function isSandboxProcess({ args, isLeaf }: Descendant): boolean {
  return isLeaf && basename(args[0] ?? '') === 'node' && args.some((arg) => entry.test(arg))
}

/** Kills all sandbox processes of this process at once. */
export function killSandboxProcesses(): void {
  for (const pid of sandboxProcesses()) killIfAlive(pid)
}

/**
 * Sends a signal to a process: SIGKILL by default, another one to simulate a crash, 0 to test whether it is alive.
 * Returns false if the process has ended.
 */
export function killIfAlive(pid: number, signal: NodeJS.Signals | 0 = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
