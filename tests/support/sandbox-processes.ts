import { basename } from 'node:path'
import process from 'node:process'

import { descendantsOf, type Descendant } from './process-tree.ts'

const entry = /\/sandbox\/child\/main\.[jt]s$/

/** The living sandbox processes of the executor in this process, or in the one with that id. */
export function sandboxProcesses(executorPid: number = process.pid): number[] {
  return descendantsOf(executorPid)
    .filter(isSandboxProcess)
    .map(({ pid }) => pid)
}

/** Tells a sandbox process from the commands that start it in a jail, which have the same arguments behind their own. */
export function isSandboxProcess({ args, isLeaf }: Descendant): boolean {
  return isLeaf && basename(args[0] ?? '') === 'node' && args.some((arg) => entry.test(arg))
}

/** Kills all of them at once, as the machine might. */
export function killSandboxProcesses(): void {
  for (const pid of sandboxProcesses()) killIfAlive(pid)
}

/** Ends a process with SIGKILL, or by another signal as if it had crashed; 0 only asks. False if it was gone already. */
export function killIfAlive(pid: number, signal: NodeJS.Signals | 0 = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
