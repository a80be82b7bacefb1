import { readFileSync } from 'node:fs'
import process from 'node:process'

/** The living sandbox processes: the only children that this process has, through its executor. Dead ones have no command line. */
export function sandboxProcesses(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim()
  return children.split(' ').filter(Boolean).filter(isAlive).map(Number)
}

function isAlive(pid: string): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
}

/** Kills all of them at once, as the machine might. */
export function killSandboxProcesses(): void {
  for (const pid of sandboxProcesses()) process.kill(pid, 'SIGKILL')
}
