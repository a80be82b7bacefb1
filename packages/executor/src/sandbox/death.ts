import { constants } from 'node:os'

/** End of a sandbox process. */
export interface Death {
  /** Text for the log. */
  readonly reason: string
  /**
   * Whether something outside of the process ended it, such as the kernel when memory is short, or an operator. Guest
   * code has no way to do that. (Native code after a sandbox escape could; its guest would then be replayed a few
   * times.)
   */
  readonly fromOutside: boolean
  /** Whether the process died because it had too little memory. */
  readonly outOfMemory: boolean
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

/**
 * Base of the exit codes by which commands such as bwrap report that a signal ended their program: 128 plus its number.
 */
const signalExitBase = 128

/** Pattern of the messages of V8 and Node for lack of memory, or for an allocation above the maximum size. */
const outOfMemoryPattern = /out of memory|invalid (?:array |string )?(?:size|length)|allocation failed|bad_alloc/i

/** Returns the cause of a process's end, from its exit code or signal and the end of its stderr. */
export function deathOf(code: number | null, signal: string | null, stderrTail: string): Death {
  const name = signal ?? (code !== null && code > signalExitBase ? signalNames.get(code - signalExitBase) : undefined)
  const lastLines = stderrTail.trim().split('\n').slice(-5).join(' | ')
  return {
    reason: `${name ?? `exit code ${code}`}${lastLines && `: ${lastLines}`}`,
    fromOutside: name === 'SIGKILL' || name === 'SIGTERM',
    outOfMemory: outOfMemoryPattern.test(stderrTail),
  }
}
