import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { parseKeysCommand } from './keys-arguments.ts'
import { runKeysCommand } from './keys-command.ts'
import { keysFile } from './keys-file.ts'

const now = Date.UTC(2029, 0)

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codemode-keys-'))
  path = join(folder, 'keys.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

function run(line: string, keys = keysFile(path)) {
  const command = parseKeysCommand(line.split(' '), { now })
  if (command === 'help') throw new Error('the line asks for help')
  return runKeysCommand(command, { keys, now })
}

test('the maximum time of a detached execution is in the entry of the key', async () => {
  await run('create --tenant acme --max-detached-execution-ms 60000')
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject([{ tenant: 'acme', maxDetachedExecutionMs: 60_000 }])
})

test.each([
  ['create --tenant acme --id taken', 'The id "taken" is in use in'],
  ['revoke takn', 'Did you mean "taken"?'],
])('"keys %s" fails, says why, and changes nothing', async (line, problem) => {
  const content = JSON.stringify([{ id: 'taken', tenant: 'acme', sha256: 'b'.repeat(64) }])
  writeFileSync(path, content)
  const output = await run(line)
  expect(output).toMatchObject({ exitCode: 1, stdout: '' })
  expect(output.stderr).toContain(problem)
  expect(readFileSync(path, 'utf8')).toBe(content)
})

test.each(['list', 'revoke taken'])('"keys %s" of a file that does not exist fails and makes none', async (line) => {
  const output = await run(line)
  expect(output).toMatchObject({ exitCode: 1, stdout: '' })
  expect(output.stderr).toContain("keys.json can't be read (ENOENT). Create it with a first key")
  expect(existsSync(path)).toBe(false)
})
