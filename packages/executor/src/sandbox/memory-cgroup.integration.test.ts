import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { execPath } from 'node:process'

import { describe, expect, test } from 'vitest'

import { limitMemory, findCgroupParent } from './memory-cgroup.ts'

const parent = findCgroupParent()
const MiB = 1024 * 1024

describe.runIf(parent !== undefined)('a memory cgroup', () => {
  test('has the kernel kill a process that exceeds its limit, and counts the kill', async () => {
    const hog = spawn(execPath, [
      '-e',
      'process.stdin.once("data", () => { const all = []; for (;;) all.push(Buffer.alloc(1e6, 1)) })',
    ])
    await once(hog, 'spawn')
    const cgroup = limitMemory(parent!, hog.pid!, 200 * MiB)!
    expect(cgroup.kills).toBe(0)
    hog.stdin.write('now')
    expect(await once(hog, 'close')).toEqual([null, 'SIGKILL'])
    expect(cgroup.kills).toBe(1)
    cgroup.remove()
    expect(readdirSync(parent!.folder).filter((name) => name.endsWith(`-${hog.pid}`))).toEqual([])
  })

  test('is not created for a process that has exited, and leaves no folder', () => {
    expect(limitMemory(parent!, 2 ** 22 + 1, MiB)).toBeUndefined()
    expect(readdirSync(parent!.folder).filter((name) => name.endsWith(`-${2 ** 22 + 1}`))).toEqual([])
  })
})
