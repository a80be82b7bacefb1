/** Reads about processes from Linux's /proc. Each function returns undefined where the system does not have it. */
import { readFileSync, readlinkSync } from 'node:fs'

/** Linux counts CPU time in hundredths of a second (USER_HZ, see `man 5 proc_pid_stat`). */
const msPerTick = 10
const pageBytes = 4096

/** Returns the CPU time in milliseconds that a process has used so far, in all of its threads. */
export function processCpuMs(pid: number | undefined): number | undefined {
  return cpuMsOf(read(pid, 'stat'))
}

/** Returns the CPU time in milliseconds that the main thread of a process has used so far. A sandbox process runs guests there. */
export function mainThreadCpuMs(pid: number | undefined): number | undefined {
  return cpuMsOf(read(pid, `task/${pid}/stat`))
}

function cpuMsOf(stat: string | undefined): number | undefined {
  if (stat === undefined) return undefined
  // The name before the last parenthesis may hold anything; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * msPerTick
}

/** Returns the resident set size of a process in bytes. */
export function residentBytes(pid: number | undefined): number | undefined {
  const pages = read(pid, 'statm')?.split(' ')[1]
  return pages === undefined ? undefined : Number(pages) * pageBytes
}

/** Returns a process, its first child, that one's first child and so on: commands such as bwrap, and last the program that they start. */
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
