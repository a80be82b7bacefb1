/** Reads memory and CPU time of an executor's processes from `/proc`. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

import { descendantsOf, isSandboxProcess } from '@codemode/testkit'
import { sum } from './statistics.ts'

/**
 * Milliseconds of a clock tick: Linux counts CPU time in hundredths of a second (USER_HZ, see `man 5 proc_pid_stat`).
 */
const msPerTick = 10

/** Memory of one process of an executor: the executor, a sandbox process, or a command between the two, by its name. */
export interface ProcessMemory {
  readonly pid: number
  readonly name: string
  readonly rssMb: number
}

/** Returns the resident memory of the executor and of all its descendants. Shared pages count in each process. */
export function memoryOf(executorPid: number): ProcessMemory[] {
  const descendants = descendantsOf(executorPid).map((found) => ({
    pid: found.pid,
    name: isSandboxProcess(found) ? 'sandbox' : basename(found.args[0] ?? ''),
  }))
  return [{ pid: executorPid, name: 'executor' }, ...descendants].map((one) => ({ ...one, rssMb: rssMb(one.pid) }))
}

/** Returns the resident memory of the executor and all its descendants. */
export function residentMb(executorPid: number): number {
  return sum(memoryOf(executorPid).map(({ rssMb }) => rssMb))
}

/** Returns the resident memory of a process; 0 if it has ended. */
export function rssMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status'))
  return Number(line?.[1] ?? 0) / 1024
}

/** CPU time so far of each process of an executor, by process id. */
export type CpuTimes = ReadonlyMap<number, { readonly ownMs: number; readonly endedMs: number }>

export function cpuTimesOf(executorPid: number): CpuTimes {
  const pids = [executorPid, ...descendantsOf(executorPid).map(({ pid }) => pid)]
  return new Map(pids.map((pid) => [pid, cpuTimes(pid)]))
}

/**
 * Returns the CPU time that all processes used between two readings. The CPU time of a process that has ended counts if
 * its parent was alive to collect it. A process of a jail whose parent ended first is lost; its earlier CPU time must
 * not reduce the sum of the others.
 */
export function cpuBetween(before: CpuTimes, after: CpuTimes): number {
  const alive = [...after].map(([pid, now]) => {
    const then = before.get(pid)
    return { ownMs: now.ownMs - (then?.ownMs ?? 0), endedMs: now.endedMs - (then?.endedMs ?? 0) }
  })
  const gone = [...before].filter(([pid]) => !after.has(pid)).map(([, { ownMs, endedMs }]) => ownMs + endedMs)
  const ofEnded = sum(alive.map(({ endedMs }) => endedMs)) - sum(gone)
  return sum(alive.map(({ ownMs }) => ownMs)) + Math.max(0, ofEnded)
}

/** Returns the CPU time of a process and that of its children that have ended. */
function cpuTimes(pid: number): { readonly ownMs: number; readonly endedMs: number } {
  const stat = readProc(pid, 'stat')
  // The name before the last parenthesis may contain any character. After it, utime, stime, cutime and cstime begin at
  // the 12th field.
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number)
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = ticks
  return { ownMs: (user + system) * msPerTick, endedMs: (endedUser + endedSystem) * msPerTick }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}
