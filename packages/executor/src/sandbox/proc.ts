/** What Linux tells of a process in /proc; each function gives undefined where the system does not tell. */
import { readFileSync, readlinkSync } from 'node:fs'

/** Linux counts CPU time in hundredths of a second (USER_HZ, see `man 5 proc_pid_stat`). */
const msPerTick = 10
const pageBytes = 4096

/** The CPU time that a process has used so far, in milliseconds. */
export function processCpuMs(pid: number | undefined): number | undefined {
  const stat = read(pid, 'stat')
  if (stat === undefined) return undefined
  // The name before the last parenthesis may hold anything; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * msPerTick
}

/** The memory of a process that is in RAM. */
export function residentBytes(pid: number | undefined): number | undefined {
  const pages = read(pid, 'statm')?.split(' ')[1]
  return pages === undefined ? undefined : Number(pages) * pageBytes
}

/** The process at the end of a chain of only children: the program that commands such as bwrap were to start. */
export function innermostChild(pid: number | undefined): number | undefined {
  const children = read(pid, `task/${pid}/children`)?.trim()
  return children ? innermostChild(Number(children.split(' ')[0])) : pid
}

/** One field of a process's status, as text. */
export function statusOf(pid: number | undefined, field: string): string | undefined {
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(read(pid, 'status') ?? '')?.[1]
}

/** What tells the network namespace of a process from others'. */
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
