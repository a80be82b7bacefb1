import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execPath, getuid, platform } from 'node:process'

import { filterDescriptor } from '../descriptors.ts'
import { entryName, sandboxProgram } from './program.ts'
import { seccompFilter } from './seccomp.ts'
import type { IsolationTier } from './tiers.ts'

/** One way to start a sandbox process in isolation. */
export interface Jail {
  readonly tier: IsolationTier
  /** Names of the protections that the jail provides. */
  readonly layers: readonly string[]
  readonly command: readonly string[]
  /** System call filter, which the command reads from `filterDescriptor`. */
  readonly filter?: Buffer
}

/** Id of the user and the group `nobody`, which own nothing. */
const nobody = 65_534

/**
 * Complete environment of a sandbox process. It is the same on every machine, so that it can't make a replay diverge.
 */
export const sandboxEnvironment = { TZ: 'UTC', LC_ALL: 'en_US.UTF-8' } as const

const nodeFlags = [
  // isolated-vm can't make isolates from Node's startup snapshot.
  '--no-node-snapshot',
  '--max-old-space-size=256',
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=SecurityWarning',
  '--permission',
  '--allow-addons',
  // node-gyp-build looks at this file to distinguish musl from glibc.
  '--allow-fs-read=/etc/alpine-release',
]

/**
 * Returns the jails that this machine may offer, the strongest first. Only starting a process in a jail shows whether
 * it works: kernels, containers and administrators forbid namespaces in many ways.
 */
export function candidateJails(): Jail[] {
  const isRoot = getuid?.() === 0
  const candidates: (Jail | undefined)[] =
    platform === 'linux'
      ? [
          // For root, `nobody` is tried first. It does not work where only root can read the program's files.
          isRoot ? bubblewrap({ asNobody: true }) : undefined,
          bubblewrap({ asNobody: false }),
          namespaces({ isRoot }),
          permissions({ asNobody: isRoot }),
        ]
      : []
  return [...candidates.filter((jail) => jail !== undefined), permissionsOnly()]
}

const limitLayer = 'resource limits'
const nodeLayers = ['permission model', 'empty environment'] as const

/**
 * Returns the jail of bubblewrap: namespaces of every kind, a file system of only the program and the machine's
 * libraries, and a system call filter. Returns undefined if a command is missing.
 */
function bubblewrap({ asNobody }: { asNobody: boolean }): Jail | undefined {
  const [bwrap, privileges, limits] = [findCommand('bwrap'), dropPrivileges({ asNobody }), limitResources()]
  if (!bwrap || !privileges || !limits) return undefined
  const root = '/codemode'
  const parts = Object.entries({ node: execPath, ...sandboxProgram.parts })
  const command = [
    ...privileges,
    ...limits,
    bwrap,
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--clearenv',
    ...Object.entries(sandboxEnvironment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...libraryFolders.flatMap((path) => ['--ro-bind-try', path, path]),
    ...parts.flatMap(([name, path]) => ['--ro-bind', path, join(root, name)]),
    '--chdir',
    root,
    '--remount-ro',
    '/',
    '--seccomp',
    String(filterDescriptor),
    join(root, 'node'),
    ...nodeFlags,
    `--allow-fs-read=${root}/*`,
    join(root, 'sandbox', entryName),
  ]
  const layers = ['namespaces', 'private file system', 'seccomp filter', 'no privileges', limitLayer, ...nodeLayers]
  return { tier: 'bubblewrap', layers, command, filter: seccompFilter() }
}

const libraryFolders = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/etc/ld.so.cache']

/**
 * Returns the jail of unshare: no network, no other processes, no shared memory. The file system is the machine's, as
 * far as the user of the process may read it. Returns undefined if a command is missing.
 */
function namespaces({ isRoot }: { isRoot: boolean }): Jail | undefined {
  const [unshare, setpriv, privileges] = [
    findCommand('unshare'),
    findCommand('setpriv'),
    dropPrivileges({ asNobody: isRoot }),
  ]
  const limits = limitResources()
  if (!unshare || !setpriv || !privileges || !limits) return undefined
  const kinds = [...(isRoot ? [] : ['--user']), '--net', '--ipc', '--uts', '--pid']
  return {
    tier: 'namespaces',
    layers: ['namespaces', 'no privileges', limitLayer, ...nodeLayers],
    command: [
      setpriv,
      '--pdeathsig',
      'KILL',
      '--',
      unshare,
      ...kinds,
      '--fork',
      '--kill-child=SIGKILL',
      // Hides the machine's other processes from /proc.
      '--mount-proc',
      '--',
      ...privileges,
      ...limits,
      ...plainNode(),
    ],
  }
}

function permissions({ asNobody }: { asNobody: boolean }): Jail | undefined {
  const [privileges, limits] = [dropPrivileges({ asNobody }), limitResources()]
  if (!privileges || !limits) return undefined
  return {
    tier: 'permissions',
    layers: ['no privileges', limitLayer, ...nodeLayers],
    command: [...privileges, ...limits, ...plainNode()],
  }
}

/** Returns the jail of Node's own permission model, which exists on every system. */
function permissionsOnly(): Jail {
  return { tier: 'permissions', layers: [...nodeLayers], command: plainNode() }
}

function plainNode(): string[] {
  const { entry, links, parts } = sandboxProgram
  const readable = [...Object.values(parts).flatMap((path) => [path, `${path}/*`]), ...links]
  return [execPath, ...nodeFlags, ...readable.map((path) => `--allow-fs-read=${path}`), entry]
}

/**
 * Returns the command that changes the user from root to `nobody`, if `asNobody` is set, and forbids gaining any
 * privilege. The process is killed when the process that started it ends.
 */
function dropPrivileges({ asNobody }: { asNobody: boolean }): string[] | undefined {
  const setpriv = findCommand('setpriv')
  const user = asNobody ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=-all'] : []
  if (setpriv === undefined) return undefined
  return [setpriv, ...user, '--no-new-privs', '--pdeathsig', 'KILL', '--']
}

/**
 * Returns the command that forbids core dumps and written files and limits descriptors and processes. It does not limit
 * the address space, because V8 reserves far more addresses than it uses; the watchdog limits memory.
 */
function limitResources(): string[] | undefined {
  const prlimit = findCommand('prlimit')
  return prlimit === undefined ? undefined : [prlimit, '--core=0', '--nofile=64', '--fsize=0', '--nproc=4096', '--']
}

/** Folders in which commands are searched, whatever PATH says. */
const commandFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']

function findCommand(command: string): string | undefined {
  return commandFolders.map((folder) => join(folder, command)).find((path) => existsSync(path))
}
