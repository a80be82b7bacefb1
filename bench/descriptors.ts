import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'

/**
 * Raises the limit of open files of this process, and of the processes that it starts afterwards, to `wanted`. Each
 * stream needs one descriptor at either end. Returns a description of the outcome. Node raises the soft limit to the
 * hard limit at startup, so this function raises the hard limit only.
 */
export function raiseDescriptorLimit(wanted: number): string {
  const hard = hardLimit()
  if (hard >= wanted) return `${hard} allowed, ${wanted} needed`
  try {
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${wanted}:${wanted}`], { stdio: 'ignore' })
    return `raised from ${hard} to ${hardLimit()}`
  } catch {
    return `${hard} allowed, ${wanted} needed; the limit cannot be raised`
  }
}

function hardLimit(): number {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
  return line?.[1] === 'unlimited' ? Infinity : Number(line?.[1])
}
