import process from 'node:process'

import { descendantsOf, type Descendant } from './process-tree.ts'

const entry = /\/sandbox\/child\/main\.[jt]s$/

/** The living sandbox processes of the executor in this process, or in the one with that id. */
export function sandboxProcesses(executorPid: number = process.pid): number[] {
  return descendantsOf(executorPid)
    .filter(isSandboxProcess)
    .map(({ pid }) => pid)
}

/** A command that starts a sandbox process in a jail has the same arguments behind its own, but a child as well. */
export function isSandboxProcess({ args, isLeaf }: Descendant): boolean {
  return isLeaf && args.some((arg) => entry.test(arg))
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
