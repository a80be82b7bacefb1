import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'

/**
 * Lets this process, and those that it starts from now on, have so many open files; each stream is one on either side.
 * Says what came of it. Node raises the soft limit to the hard one by itself, so only the hard one is to be seen to.
 */
export function raiseDescriptorLimit(wanted: number): string {
  const hard = hardLimit()
  if (hard >= wanted) return `${hard} allowed, ${wanted} needed`
  try {
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${wanted}:${wanted}`], { stdio: 'ignore' })
    return `raised from ${hard} to ${hardLimit()}`
  } catch {
    return `${hard} allowed, ${wanted} needed, and not to be raised`
  }
}

function hardLimit(): number {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
  return line?.[1] === 'unlimited' ? Infinity : Number(line?.[1])
}
