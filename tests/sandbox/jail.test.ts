/**
 * Tests the isolation layers of a sandbox process as the kernel reports them, in every jail that this machine offers.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import process from 'node:process'

import { expect, test } from 'vitest'

import { candidateJails, type Jail } from '../../packages/executor/src/sandbox/jail/jails.ts'
import { isolationTiers } from '../../packages/executor/src/sandbox/jail/tiers.ts'
import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import { api, connect, sandboxProcesses, startExecutor } from '@codemode/testkit'

const statusOf = (pid: number, field: string): string =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!

const wordsIn = (path: string): string[] => readFileSync(path, 'utf8').split('\0').filter(Boolean)
const environmentOf = (pid: number): string[] => wordsIn(`/proc/${pid}/environ`)
const argumentsOf = (pid: number): string[] => wordsIn(`/proc/${pid}/cmdline`)

/** Returns whether sandbox processes start in the jail on this machine. */
async function works(jail: Jail): Promise<boolean> {
  try {
    await using _pool = await ProcessPool.start({ size: 1, jails: [jail] })
    return true
  } catch {
    return false
  }
}

const jails: Jail[] = []
for (const jail of candidateJails()) if (await works(jail)) jails.push(jail)

/** Checks of each layer against the kernel's information about a process. */
const holds: Readonly<Record<string, (pid: number) => boolean>> = {
  namespaces: (pid) =>
    ['net', 'ipc', 'uts', 'pid'].every(
      (kind) => readlinkSync(`/proc/${pid}/ns/${kind}`) !== readlinkSync(`/proc/self/ns/${kind}`),
    ),
  'private file system': (pid) =>
    ['home', 'root', 'tmp', 'var', 'bin', 'work'].every((name) => !existsSync(`/proc/${pid}/root/${name}`)) &&
    readdirSync(`/proc/${pid}/root/codemode`).toSorted().join() === 'node,node_modules,package.json,sandbox',
  'seccomp filter': (pid) => statusOf(pid, 'Seccomp') === '2',
  'no privileges': (pid) => statusOf(pid, 'NoNewPrivs') === '1' && /^0+$/.test(statusOf(pid, 'CapEff')),
  'resource limits': (pid) =>
    [/^Max file size\s+0\s+0/m, /^Max core file size\s+0\s+0/m, /^Max open files\s+64\s+64/m].every((limit) =>
      limit.test(readFileSync(`/proc/${pid}/limits`, 'utf8')),
    ),
  'permission model': (pid) => argumentsOf(pid).includes('--permission'),
  'empty environment': (pid) =>
    environmentOf(pid).every((variable) => ['TZ=UTC', 'LC_ALL=en_US.UTF-8', 'PWD=/codemode'].includes(variable)),
}

test.each(jails.map((jail, index) => ({ name: `${index + 1}: ${jail.tier}`, jail })))(
  'a sandbox process in jail $name has the restrictions of its layers',
  async ({ jail }) => {
    await using pool = await ProcessPool.start({ size: 1, jails: [jail] })
    expect(pool.jail).toBe(jail)
    const [pid] = sandboxProcesses()
    expect(jail.layers.filter((layer) => !holds[layer]!(pid!))).toEqual([])
  },
)

test('an executor uses the strongest jail that works, and reports it', async () => {
  await using executor = await startExecutor()
  const { body } = await api(executor, '/v1/info')
  expect(body.isolation.tier).toBe(jails[0]!.tier)
  expect(body.isolation.layers).toEqual(expect.arrayContaining([...jails[0]!.layers]))
  await using codemode = connect(executor)
  expect(await codemode.executeAsync('return 6 * 7')).toBe(42)
})

test('a sandbox process has no variable of the executor’s environment', async () => {
  process.env['A_SECRET_OF_THE_EXECUTOR'] = 'a value that no guest may see'
  await using _executor = await startExecutor()
  for (const pid of sandboxProcesses()) {
    expect(environmentOf(pid).join()).not.toContain('a value that no guest may see')
  }
  delete process.env['A_SECRET_OF_THE_EXECUTOR']
})

test('no process starts below the required isolation', async () => {
  const [weakest] = isolationTiers
  const weak = candidateJails().filter(({ tier }) => tier === weakest)
  const start = ProcessPool.start({ size: 1, jails: weak, minIsolation: 'bubblewrap' })
  await expect(start).rejects.toThrow(/isolation 'bubblewrap' or stronger/)
  expect(sandboxProcesses()).toEqual([])
})

test('an executor does not start below its required isolation, and says why', async () => {
  const failing = jails.map((jail): Jail => ({ ...jail, command: ['/bin/false'] }))
  const start = ProcessPool.start({ size: 1, jails: failing, minIsolation: 'namespaces' })
  await expect(start).rejects.toThrow(/isolation 'namespaces' or stronger:\n {2}bubblewrap: exit code 1/)
  const strongest = jails[0]!.tier
  await using executor = await startExecutor({ minIsolation: strongest })
  expect((await api(executor, '/v1/info')).body.isolation.tier).toBe(strongest)
})

test('bwrap is used where it is installed and works', () => {
  const canBubble = jails.some(({ tier }) => tier === 'bubblewrap')
  expect(jails[0]!.tier === 'bubblewrap').toBe(canBubble)
})

test('the pool skips a jail that does not start', async () => {
  const broken: Jail = { tier: 'bubblewrap', layers: ['namespaces'], command: ['/bin/false'] }
  const lying: Jail = { ...candidateJails().at(-1)!, tier: 'bubblewrap', layers: ['seccomp filter'] }
  const last = candidateJails().at(-1)!
  await using pool = await ProcessPool.start({ size: 1, jails: [broken, lying, last] })
  expect(pool.jail).toBe(last)
})
