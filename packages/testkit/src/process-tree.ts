import { readdirSync, readFileSync } from 'node:fs'

/** Living descendant of a process. */
export interface Descendant {
  readonly pid: number
  /** Command line, one argument per item. */
  readonly args: readonly string[]
  readonly isLeaf: boolean
}

/**
 * Returns the living descendants of a process. Processes start and end during the search: those that have vanished, and
 * zombies, are left out.
 */
export function descendantsOf(pid: number): Descendant[] {
  const children = livingChildren()
  const below = (parent: number): number[] => (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)])
  return below(pid).flatMap((pid) => {
    const args = argumentsOf(pid)
    return args === undefined ? [] : [{ pid, args, isLeaf: !children.has(pid) }]
  })
}

function livingChildren(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const parent = /^\d+$/.test(entry) ? parentOf(entry) : undefined
    if (parent === undefined) continue
    const siblings = children.get(parent)
    if (siblings) siblings.push(Number(entry))
    else children.set(parent, [Number(entry)])
  }
  return children
}

/** Returns the parent of a living process; see `man 5 proc_pid_stat` for the fields after the name. */
function parentOf(pid: string): number | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`)
  const [state, parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return state === undefined || state === 'Z' || state === 'X' ? undefined : Number(parent)
}

function argumentsOf(pid: number): string[] | undefined {
  const line = readIfThere(`/proc/${pid}/cmdline`)
  return line ? line.split('\0').slice(0, -1) : undefined
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
