import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  lstatSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { changeKeysFile, readKeysFile } from './keys-file.ts'

let folder: string
let path: string
const entry = (id: string) => ({ id, tenant: 'acme', sha256: id.repeat(64).slice(0, 64) })
const add = (id: string, file = path) => changeKeysFile(file, (entries) => [...entries, entry(id)], { waitMs: 60_000 })
const modeOf = (file: string) => statSync(file).mode & 0o777

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codemode-keys-'))
  path = join(folder, 'keys.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('changes at the same time are made one after the other, and leave no lock', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f']
  await Promise.all(ids.map((id) => add(id)))
  expect(
    readKeysFile(path)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(ids)
  expect(existsSync(`${path}.lock`)).toBe(false)
})

test('a new file is readable by its owner only, and a changed one keeps the access of its group', async () => {
  await add('a')
  expect(modeOf(path)).toBe(0o600)
  chmodSync(path, 0o666)
  await add('b')
  expect(modeOf(path)).toBe(0o640)
})

test('a symbolic link to the file stays one', async () => {
  const link = join(folder, 'link.json')
  await add('a')
  symlinkSync(path, link)
  await add('b', link)
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(readKeysFile(path)).toHaveLength(2)
})

test('a lock that another command holds is respected, and named', async () => {
  await add('a')
  writeFileSync(`${path}.lock`, '')
  const before = readFileSync(path, 'utf8')
  await expect(changeKeysFile(path, () => [], { waitMs: 0 })).rejects.toThrow(`holds ${path}.lock`)
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(existsSync(`${path}.lock`)).toBe(true)
})

test.each([
  ['[{"id": "a"}]', 'tenant: is missing'],
  ['{', 'not valid JSON'],
])('a file with %s is neither read nor changed', async (content, problem) => {
  writeFileSync(path, content)
  expect(() => readKeysFile(path)).toThrow(problem)
  await expect(add('b')).rejects.toThrow(problem)
  expect(readFileSync(path, 'utf8')).toBe(content)
  expect(existsSync(`${path}.lock`)).toBe(false)
})

test('a folder that is missing is named as the problem', async () => {
  await expect(add('a', join(folder, 'missing', 'keys.json'))).rejects.toThrow('Create its folder first')
  expect(() => readKeysFile(path)).toThrow('keys create')
})
