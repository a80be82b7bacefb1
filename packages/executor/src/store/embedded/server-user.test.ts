import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { serverUser } from './server-user.ts'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'codemode-user-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const postgres = { uid: 101, gid: 104 }

test('an executor without root runs the server as itself', () => {
  expect(serverUser({ folder, uid: 1_000, lookup: () => postgres })).toEqual({})
  expect(serverUser({ folder, uid: undefined, lookup: () => postgres })).toEqual({})
})

test('root runs the server of new data as the user postgres', () => {
  expect(serverUser({ folder: join(folder, 'missing'), uid: 0, lookup: () => postgres })).toEqual(postgres)
})

test("root runs the server of another user's data as that user", () => {
  const { uid, gid } = statSync('/proc/self')
  const isRoot = uid === 0
  if (isRoot) chownSync(folder, 1_000, 1_001)
  const expected = isRoot ? { uid: 1_000, gid: 1_001 } : { uid, gid }
  expect(serverUser({ folder, uid: 0, lookup: () => postgres })).toEqual(expected)
})

test.each([undefined, { uid: 0, gid: 0 }])('root without another user is told both ways out', (found) => {
  const ask = () => serverUser({ folder: join(folder, 'missing'), uid: 0, lookup: () => found })
  expect(ask).toThrow(/Run the executor as another user than root.*useradd.*CODEMODE_DATABASE_URL/)
})
