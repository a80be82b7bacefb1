import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { execPath } from 'node:process'

import { describe, expect, test } from 'vitest'

import { confineMemory, findCgroupParent } from './memory-cgroup.ts'

const parent = findCgroupParent()
const MiB = 1024 * 1024

describe.runIf(parent !== undefined)('where control groups can be made', () => {
  test('the kernel kills what outgrows its limit, and says so', async () => {
    const hog = spawn(execPath, [
      '-e',
      'process.stdin.once("data", () => { const all = []; for (;;) all.push(Buffer.alloc(1e6, 1)) })',
    ])
    await once(hog, 'spawn')
    const cgroup = confineMemory(parent!, hog.pid!, 200 * MiB)!
    expect(cgroup.kills).toBe(0)
    hog.stdin.write('now')
    expect(await once(hog, 'close')).toEqual([null, 'SIGKILL'])
    expect(cgroup.kills).toBe(1)
    cgroup.remove()
    expect(readdirSync(parent!.folder).filter((name) => name.endsWith(`-${hog.pid}`))).toEqual([])
  })

  test('a process that is gone is not confined, and leaves nothing behind', () => {
    expect(confineMemory(parent!, 2 ** 22 + 1, MiB)).toBeUndefined()
    expect(readdirSync(parent!.folder).filter((name) => name.endsWith(`-${2 ** 22 + 1}`))).toEqual([])
  })
})
