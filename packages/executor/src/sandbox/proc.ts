/**
 * Reads facts about processes from Linux's /proc. Functions that return one value return undefined where the system
 * does not have it.
 */
import { readFileSync, readlinkSync } from 'node:fs'

/** Milliseconds in one unit of CPU time: Linux counts hundredths of a second (USER_HZ, see `man 5 proc_pid_stat`). */
const msPerTick = 10
const pageBytes = 4096

/** Returns the CPU time in milliseconds that a process has used so far, in all of its threads. */
export function processCpuMs(pid: number | undefined): number | undefined {
  return cpuMsOf(read(pid, 'stat'))
}

/**
 * Returns the CPU time in milliseconds that the main thread of a process has used so far. In a sandbox process, guests
 * run on that thread.
 */
export function mainThreadCpuMs(pid: number | undefined): number | undefined {
  return cpuMsOf(read(pid, `task/${pid}/stat`))
}

function cpuMsOf(stat: string | undefined): number | undefined {
  if (stat === undefined) return undefined
  // The command name, which ends at the last parenthesis, may contain anything; utime and stime are the 12th and 13th
  // fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * msPerTick
}

/** Returns the resident set size of a process in bytes. */
export function residentBytes(pid: number | undefined): number | undefined {
  const pages = read(pid, 'statm')?.split(' ')[1]
  return pages === undefined ? undefined : Number(pages) * pageBytes
}

/**
 * Returns a process, its first child, the first child of that one and so on: wrapper commands such as bwrap, and last
 * the program that they start.
 */
export function chainOf(pid: number | undefined): number[] {
  if (pid === undefined) return []
  const child = read(pid, `task/${pid}/children`)?.trim().split(' ')[0]
  return child ? [pid, ...chainOf(Number(child))] : [pid]
}

/** Returns one field of a process's status as text. */
export function statusOf(pid: number | undefined, field: string): string | undefined {
  const prefix = `${field}:`
  const lines = read(pid, 'status')?.split('\n')
  return lines
    ?.find((line) => line.startsWith(prefix))
    ?.slice(prefix.length)
    .trim()
}

/** Returns the identity of a process's network namespace. */
export function networkNamespaceOf(pid: number | 'self' | undefined): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined
  }
}

function read(pid: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return undefined
  }
}
