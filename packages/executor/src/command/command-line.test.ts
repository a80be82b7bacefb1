import { availableParallelism } from 'node:os'

import { variableOf } from '@codemode/shared/internal'
import { expect, test } from 'vitest'

import { optionNames } from '../config-errors.ts'
import { helpText, parseCommand } from './command-line.ts'

test('the default command is serve', () => {
  expect(parseCommand([])).toEqual({ name: 'serve' })
})

test('help and version have a long and a short name', () => {
  for (const flag of ['--help', '-h']) expect(parseCommand([flag])).toEqual({ name: 'help' })
  for (const flag of ['--version', '-v']) expect(parseCommand([flag])).toEqual({ name: 'version' })
})

test('replay accepts files', () => {
  expect(parseCommand(['replay', 'a.json', 'b.json'])).toEqual({ name: 'replay', paths: ['a.json', 'b.json'] })
  expect(parseCommand(['replay'])).toMatchObject({ name: 'invalid' })
})

test('keys accepts a command with its options', () => {
  expect(parseCommand(['keys', 'list', '--file', 'k.json'])).toEqual({
    name: 'keys',
    command: { action: 'list', file: 'k.json' },
  })
  expect(parseCommand(['keys', 'create', '--help'])).toEqual({ name: 'keys-help' })
  expect(parseCommand(['keys', 'crate'])).toMatchObject({ name: 'invalid' })
})

test.each([
  ['relpay', 'Did you mean replay?'],
  ['kesy', 'Did you mean keys?'],
  ['--port=3', 'CODEMODE_PORT=…'],
  ['--hlep', 'Did you mean --help?'],
  ['serve', 'Unknown argument "serve"'],
  ['-x', 'Unknown argument "-x"'],
])('%s is refused with a hint', (argument, hint) => {
  expect(parseCommand([argument])).toMatchObject({ name: 'invalid', problem: expect.stringContaining(hint) as string })
})

test('help has a line for every option, with the values that it takes and its default', () => {
  const lines = helpText().split('\n')
  for (const option of [...optionNames, 'configFile']) {
    const line = lines.find((each) => each.startsWith(`  ${variableOf([option])} `))
    expect(line).toMatch(/ \S.* \(.*; (?:default \S.*|no default)\)$/)
  }
})

test.each([
  ['CODEMODE_PORT', 'default 8001'],
  ['CODEMODE_METRICS_PORT', 'no default'],
  ['CODEMODE_DRAIN_MS', 'in milliseconds (an integer from 0 to 86400000; default 10000)'],
  ['CODEMODE_SANDBOX_PROCESSES', `default ${availableParallelism()} on this machine`],
  ['CODEMODE_RETAIN_BYTES', 'in bytes'],
  ['CODEMODE_SANDBOX_MEMORY_MB', 'in MiB'],
  ['CODEMODE_CONSOLE', 'default on'],
  ['CODEMODE_CONSOLE_PATH', 'default /console'],
  ['CODEMODE_CONSOLE_KEY_HEADER', 'no default'],
  ['CODEMODE_CALLBACK_ORIGINS', 'no default'],
  ['CODEMODE_REUSE_ISOLATES', 'default true'],
])('help says of %s: %s', (variable, text) => {
  const line = helpText()
    .split('\n')
    .find((each) => each.startsWith(`  ${variable} `))
  expect(line).toContain(text)
})
