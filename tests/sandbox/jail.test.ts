/** The walls around a sandbox process, as the system sees them: in every jail that this machine offers. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import process from 'node:process'

import { describe, expect, test } from 'vitest'

import { candidateJails, type Jail } from '../../packages/executor/src/sandbox/jail/jails.ts'
import { isolationTiers } from '../../packages/executor/src/sandbox/jail/tiers.ts'
import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import { api, connect, startExecutor } from '../support/executor.ts'
import { sandboxProcesses } from '../support/sandbox-processes.ts'

const statusOf = (pid: number, field: string): string =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!

/** Whether processes can be started in it on this machine. */
async function works(jail: Jail): Promise<boolean> {
  try {
    await using _pool = await ProcessPool.start({ size: 1, jails: [jail], onCrash: () => {} })
    return true
  } catch {
    return false
  }
}

const jails: Jail[] = []
for (const jail of candidateJails()) if (await works(jail)) jails.push(jail)

describe.each(jails.map((jail, index) => ({ name: `${jail.tier} (${index + 1})`, jail })))('in $name', ({ jail }) => {
  test('a sandbox process is held as its layers say, and runs guests', async () => {
    await using pool = await ProcessPool.start({ size: 1, jails: [jail], onCrash: () => {} })
    expect(pool.jail).toBe(jail)
    const [pid] = sandboxProcesses()
    const has = (layer: string): boolean => jail.layers.includes(layer)
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean).toSorted()).toEqual(
      expect.arrayContaining(['LC_ALL=en_US.UTF-8', 'TZ=UTC']),
    )
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('PATH=')
    if (has('no privileges')) {
      expect([statusOf(pid!, 'NoNewPrivs'), statusOf(pid!, 'CapEff')]).toEqual(['1', '0000000000000000'])
    }
    if (has('seccomp filter')) expect(statusOf(pid!, 'Seccomp')).toBe('2')
    if (has('namespaces')) {
      for (const kind of ['net', 'ipc', 'uts', 'pid']) {
        expect(readlinkSync(`/proc/${pid}/ns/${kind}`)).not.toBe(readlinkSync(`/proc/self/ns/${kind}`))
      }
    }
    if (has('private file system')) {
      expect(readdirSync(`/proc/${pid}/root`).toSorted()).toEqual(
        expect.not.arrayContaining(['home', 'root', 'tmp', 'work', 'var', 'bin']),
      )
      expect(readdirSync(`/proc/${pid}/root/codemode`).toSorted()).toEqual([
        'node',
        'node_modules',
        'package.json',
        'sandbox',
      ])
    }
    if (has('resource limits')) {
      const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
      expect(limits).toMatch(/^Max file size\s+0\s+0/m)
      expect(limits).toMatch(/^Max core file size\s+0\s+0/m)
      expect(limits).toMatch(/^Max open files\s+64\s+64/m)
    }
  })
})

test('an executor takes the strongest jail that works, and says so', async () => {
  await using executor = await startExecutor()
  const { body } = await api(executor, '/v1/info')
  expect(body.isolation.tier).toBe(jails[0]!.tier)
  expect(body.isolation.layers).toEqual(expect.arrayContaining([...jails[0]!.layers]))
  await using codemode = connect(executor)
  expect(await codemode.executeAsync('return 6 * 7')).toBe(42)
})

test('a sandbox process knows nothing of the executor’s environment', async () => {
  process.env['A_SECRET_OF_THE_EXECUTOR'] = 'a value that no guest may see'
  await using _executor = await startExecutor()
  for (const pid of sandboxProcesses()) {
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('a value that no guest may see')
  }
  delete process.env['A_SECRET_OF_THE_EXECUTOR']
})

test('below the least isolation that is asked for, no process is started', async () => {
  const [weakest] = isolationTiers
  const weak = candidateJails().filter(({ tier }) => tier === weakest)
  const start = ProcessPool.start({ size: 1, jails: weak, minIsolation: 'bubblewrap', onCrash: () => {} })
  await expect(start).rejects.toThrow(/isolation 'bubblewrap' or stronger/)
  expect(sandboxProcesses()).toEqual([])
})

test('a jail that does not start is passed over for the next', async () => {
  const broken: Jail = { tier: 'bubblewrap', layers: ['namespaces'], command: ['/bin/false'] }
  const lying: Jail = { ...candidateJails().at(-1)!, tier: 'bubblewrap', layers: ['seccomp filter'] }
  const last = candidateJails().at(-1)!
  await using pool = await ProcessPool.start({ size: 1, jails: [broken, lying, last], onCrash: () => {} })
  expect(pool.jail).toBe(last)
})
