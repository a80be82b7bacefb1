import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createSocketFolder, removeSocketFolder, restoreSocketFolder, temporaryFolder } from './socket-folder.ts'

test.each([
  ['/var/tmp', '/var/tmp'],
  [`/var/${'x'.repeat(60)}`, `/var/${'x'.repeat(60)}`],
  [`/var/${'x'.repeat(70)}`, '/tmp'],
  [`/var/${'ü'.repeat(35)}`, '/tmp'],
  ['/var/tmp, too', '/tmp'],
  ['/var/"tmp"', '/tmp'],
])('sockets for the temporary folder %s are in %s', (given, used) => {
  expect(temporaryFolder(given)).toBe(used)
})

test('a folder admits only its user, is restored when it is gone, and removed with its socket', () => {
  const address = createSocketFolder({})
  const { folder } = address
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  rmSync(folder, { recursive: true })
  restoreSocketFolder(address, {})
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  writeFileSync(join(folder, '.s.PGSQL.5432'), '')
  removeSocketFolder(address)
  expect(existsSync(folder)).toBe(false)
})

test('a folder with other files stays, and so does one that was not made for a socket', () => {
  const address = createSocketFolder({})
  const file = join(address.folder, 'notes.txt')
  writeFileSync(file, '')
  removeSocketFolder(address)
  expect(existsSync(file)).toBe(true)
  removeSocketFolder({ folder: join(address.folder, '..'), port: 5432 })
  expect(existsSync(file)).toBe(true)
  rmSync(address.folder, { recursive: true })
})
