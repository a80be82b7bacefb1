import { readFileSync } from 'node:fs'

/** Linux counts CPU time in hundredths of a second (USER_HZ, see `man 5 proc_pid_stat`). */
const msPerTick = 10

/** The CPU time that a process has used so far, in milliseconds; undefined where the system does not tell. */
export function processCpuMs(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name before the last parenthesis may hold anything; utime and stime are the 12th and 13th fields after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * msPerTick
  } catch {
    return undefined
  }
}
