import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execPath, getuid, platform } from 'node:process'

import { entryName, sandboxProgram } from './program.ts'
import { seccompFilter } from './seccomp.ts'
import type { IsolationTier } from './tiers.ts'

/** One way to start a sandbox process. */
export interface Jail {
  readonly tier: IsolationTier
  /** The walls that it has, for people. */
  readonly layers: readonly string[]
  readonly command: readonly string[]
  /** The system call filter, which the command reads from `filterDescriptor`. */
  readonly filter?: Buffer
}

/** The descriptors that sandbox processes write to, that a filter is read from, and that they read the guest runtime from. */
export const outputDescriptor = 3
export const filterDescriptor = 4
export const runtimeDescriptor = 5

/** The user and the group that nothing belongs to. */
const nobody = 65_534

/** The environment of a sandbox process, all of it: nothing that is the machine's can make a replay diverge. */
export const sandboxEnvironment = { TZ: 'UTC', LC_ALL: 'en_US.UTF-8' } as const

const nodeFlags = [
  // isolated-vm's isolates can't be made from Node's snapshot.
  '--no-node-snapshot',
  '--max-old-space-size=256',
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=SecurityWarning',
  '--permission',
  '--allow-addons',
  // node-gyp-build looks there to tell musl from glibc.
  '--allow-fs-read=/etc/alpine-release',
]

/**
 * The jails that this machine may offer, the strongest first. Whether one works only shows when a process is started in
 * it: kernels, containers and administrators forbid namespaces in many ways.
 */
export function candidateJails(): Jail[] {
  const isRoot = getuid?.() === 0
  const candidates: (Jail | undefined)[] =
    platform === 'linux'
      ? [
          // As nobody first; a root whose files only root can read needs the second.
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

/** Namespaces for everything, a file system of nothing but the program and the machine's libraries, and a filter. */
function bubblewrap({ asNobody }: { asNobody: boolean }): Jail | undefined {
  const [bwrap, privileges, limits] = [find('bwrap'), dropPrivileges({ asNobody }), limitResources()]
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

/** No network, no other processes, no shared memory; the file system is the machine's, as nobody sees it. */
function namespaces({ isRoot }: { isRoot: boolean }): Jail | undefined {
  const [unshare, setpriv, privileges] = [find('unshare'), find('setpriv'), dropPrivileges({ asNobody: isRoot })]
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
      // Of the machine's processes it sees its own only.
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

/** What Node itself offers, on every system. */
function permissionsOnly(): Jail {
  return { tier: 'permissions', layers: [...nodeLayers], command: plainNode() }
}

function plainNode(): string[] {
  const { entry, links, parts } = sandboxProgram
  const readable = [...Object.values(parts).flatMap((path) => [path, `${path}/*`]), ...links]
  return [execPath, ...nodeFlags, ...readable.map((path) => `--allow-fs-read=${path}`), entry]
}

/** Root becomes nobody, and nobody ever gains a privilege again; it dies with the process that started it. */
function dropPrivileges({ asNobody }: { asNobody: boolean }): string[] | undefined {
  const setpriv = find('setpriv')
  const user = asNobody ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=-all'] : []
  if (setpriv === undefined) return undefined
  return [setpriv, ...user, '--no-new-privs', '--pdeathsig', 'KILL', '--']
}

/** No core dumps, no files written, few descriptors. Memory is watched: address space tells nothing of V8's use of it. */
function limitResources(): string[] | undefined {
  const prlimit = find('prlimit')
  return prlimit === undefined ? undefined : [prlimit, '--core=0', '--nofile=64', '--fsize=0', '--nproc=4096', '--']
}

/** Where commands are taken from, whatever PATH says. */
const commandFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']

function find(command: string): string | undefined {
  return commandFolders.map((folder) => join(folder, command)).find((path) => existsSync(path))
}
