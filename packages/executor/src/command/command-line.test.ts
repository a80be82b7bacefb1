import { expect, test } from 'vitest'

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

test('help names every variable', () => {
  for (const name of [
    'CODEMODE_HOST',
    'CODEMODE_MAX_QUEUED_PER_KEY',
    'CODEMODE_RETAIN_COUNT',
    'CODEMODE_CONFIG_FILE',
  ]) {
    expect(helpText()).toContain(`\n  ${name} `)
  }
})
