/**
 * Memory limit that the kernel enforces between two checks by the executor's watchdog: a control group for each sandbox
 * process, where this process may make some (see `man 7 cgroups`, and the kernel's cgroup-v1/memory and cgroup-v2).
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pid as ownPid } from 'node:process'

/** Control group in which others can be made, and the version of its interface. */
export interface CgroupParent {
  readonly version: 1 | 2
  readonly folder: string
}

/** Control group of one process. */
export interface MemoryCgroup {
  /** Number of times that the kernel has killed a process in the group for lack of memory. */
  readonly kills: number
  /** Removes the group, once its process is gone. */
  remove(): void
}

const files = {
  1: { limit: 'memory.limit_in_bytes', events: 'memory.oom_control' },
  2: { limit: 'memory.max', events: 'memory.events' },
} as const

const namePrefix = 'codemode-sandbox-'

/**
 * Returns the parent for control groups: the group of this process or the one above it; undefined if there is none that
 * can be written to. Removes the groups that killed executors left there.
 */
export function findCgroupParent(): CgroupParent | undefined {
  const parent = candidateParents().find(isWritable)
  if (parent) removeAbandoned(parent)
  return parent
}

/** Moves a process into a new control group with a memory limit in bytes. Returns undefined if that fails. */
export function limitMemory({ version, folder }: CgroupParent, pid: number, bytes: number): MemoryCgroup | undefined {
  const path = join(folder, `${namePrefix}${ownPid}-${pid}`)
  const { limit, events } = files[version]
  try {
    mkdirSync(path)
    writeFileSync(join(path, limit), String(bytes))
    writeFileSync(join(path, 'cgroup.procs'), String(pid))
  } catch {
    remove(path)
    return undefined
  }
  return {
    get kills() {
      return Number(/^oom_kill (\d+)$/m.exec(readText(join(path, events)))?.[1] ?? 0)
    },
    remove: () => remove(path),
  }
}

function candidateParents(): CgroupParent[] {
  return readText('/proc/self/cgroup')
    .split('\n')
    .flatMap((line): CgroupParent[] => {
      const [, controllers = '', path = ''] = line.split(':')
      if (controllers.split(',').includes('memory'))
        return [{ version: 1, folder: join('/sys/fs/cgroup/memory', path) }]
      if (controllers !== '') return []
      // A group that has processes can't give its children controllers. A systemd unit may have been delegated, with
      // the executor in a group below it: `Delegate=memory`, `DelegateSubgroup=executor`.
      const own = join('/sys/fs/cgroup', path)
      const unit = /\.(?:service|scope)$/.test(dirname(own)) ? [dirname(own)] : []
      return [own, ...unit].filter(hasMemoryController).map((folder) => ({ version: 2, folder }))
    })
}

/** Returns whether control groups in this one have the memory controller, after an attempt to enable it. */
function hasMemoryController(folder: string): boolean {
  const file = join(folder, 'cgroup.subtree_control')
  try {
    writeFileSync(file, '+memory')
  } catch {
    // The controller is enabled already, or can't be.
  }
  return readText(file).trim().split(' ').includes('memory')
}

function isWritable({ version, folder }: CgroupParent): boolean {
  const path = join(folder, `${namePrefix}${ownPid}-probe`)
  try {
    mkdirSync(path)
    writeFileSync(join(path, files[version].limit), String(1024 ** 3))
    return true
  } catch {
    return false
  } finally {
    remove(path)
  }
}

/** Removes the groups of executors that were killed. A group that still has a process can't be removed. */
function removeAbandoned({ folder }: CgroupParent): void {
  for (const name of readdirSync(folder)) if (name.startsWith(namePrefix)) remove(join(folder, name))
}

function remove(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // The group has a process still, or does not exist. The next executor removes it.
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
