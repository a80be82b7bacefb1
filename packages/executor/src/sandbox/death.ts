import { constants } from 'node:os'

/** How a sandbox process ended. */
export interface Death {
  /** For the log. */
  readonly reason: string
  /**
   * Whether something outside the process ended it, such as the kernel that needs memory, or an operator: no guest has a
   * way to do that. (Native code that has broken out could, and gains some replays by it.)
   */
  readonly fromOutside: boolean
  /** Whether it died because it had too little memory. */
  readonly outOfMemory: boolean
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

/** Commands such as bwrap report that their program was ended by a signal as an exit code: 128 and its number. */
const signalExitBase = 128

/** What V8 and Node print when they run out of memory, or out of what an allocation can be. */
const memoryComplaint = /out of memory|invalid (?:array |string )?(?:size|length)|allocation failed|bad_alloc/i

/** Reads from a process's exit what ended it. */
export function deathOf(code: number | null, signal: string | null, complaint: string): Death {
  const name = signal ?? (code !== null && code > signalExitBase ? signalNames.get(code - signalExitBase) : undefined)
  const said = complaint.trim().split('\n').slice(-5).join(' | ')
  return {
    reason: `${name ?? `exit code ${code}`}${said && `: ${said}`}`,
    fromOutside: name === 'SIGKILL' || name === 'SIGTERM',
    outOfMemory: memoryComplaint.test(complaint),
  }
}
