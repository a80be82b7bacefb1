import { variableOf } from '@codemode/shared/internal'
import { expect, test } from 'vitest'

import { textOptions } from '../config/options.ts'
import { connectedSchema } from '../config/schema.ts'
import { parseCommand } from './command-line.ts'
import { helpText, mcpHelpText, runHelpText } from './help.ts'

const problemOf = (...args: string[]): string => {
  try {
    parseCommand(args)
  } catch (error) {
    return (error as Error).message
  }
  return 'none'
}

test('run takes a file or standard input, and options before and after it', () => {
  const defaults = { name: 'run', config: undefined, timeoutMs: undefined, json: undefined, progress: undefined }
  expect(parseCommand(['run'])).toEqual({ ...defaults, file: undefined, input: undefined })
  expect(parseCommand(['run', '-'])).toEqual({ ...defaults, file: undefined, input: undefined })
  expect(parseCommand(['run', '--no-json', 'a.js', '--input', '[1]', '--timeout=9', '--progress'])).toEqual({
    ...defaults,
    file: 'a.js',
    input: [1],
    timeoutMs: 9,
    json: false,
    progress: true,
  })
})

test('mcp speaks over standard input and output unless a port is given', () => {
  const defaults = { name: 'mcp', config: undefined, host: '127.0.0.1', approvals: 'result' }
  expect(parseCommand(['mcp'])).toEqual({ ...defaults, port: undefined })
  expect(parseCommand(['mcp', '--http', '0', '--host', '::1', '--approvals', 'elicit', '--config', 'a.yaml'])).toEqual({
    ...defaults,
    port: 0,
    host: '::1',
    approvals: 'elicit',
    config: 'a.yaml',
  })
})

test('help names every option, and the exit codes', () => {
  expect(parseCommand(['--help'])).toEqual({ name: 'help' })
  expect(parseCommand(['run', '-h'])).toEqual({ name: 'help', of: 'run' })
  expect(parseCommand(['-v'])).toEqual({ name: 'version' })
  expect(helpText()).toContain('codemode mcp')
  for (const text of ['--config', '--input', '--timeout', '--json', '--progress', '30000 by default', '\n  4  ']) {
    expect(runHelpText()).toContain(text)
  }
  for (const text of ['--config', '--http', '--host', '--approvals', 'CODEMODE_MCP_TOKEN']) {
    expect(mcpHelpText()).toContain(text)
  }
})

test('a wrong command line says what to type instead', () => {
  expect(problemOf('rum')).toBe('codemode has no command "rum". Did you mean run?')
  expect(problemOf('run', 'a.js', 'b.js')).toBe(
    'codemode run has one argument too many: "b.js". Quote a value with blanks.',
  )
  expect(problemOf('run', '--input', '{')).toContain('--input must be JSON')
  expect(problemOf('run', '--input')).toContain('--input needs a value')
  expect(problemOf('run', '--config', '--json')).toBe('--config needs a value, as in: --config codemode.yaml')
  expect(problemOf('run', '--timeout', '0')).toBe('--timeout must be a whole number from 1 to 2147483647, got "0".')
  expect(problemOf('run', '--json', '--no-json')).toBe('--no-json is given twice.')
  expect(problemOf('run', '--no-config')).toContain('codemode run has no option --no-config.')
  expect(problemOf('mcp', '--http', '70000')).toContain('from 0 to 65535')
  expect(problemOf('mcp', '--approvals', 'ask')).toBe('--approvals must be result or elicit, got "ask".')
})

test('help has a line for every variable of the client, with its default', () => {
  const lines = helpText().split('\n')
  for (const path of textOptions(connectedSchema)) {
    const variable = variableOf(path)
    const line = lines.find((each) => each.startsWith(`  ${variable} `))
    expect(line).toMatch(/ \S.* \((?:required|default: \S.*)\)$/)
    expect(line).toContain(variable.endsWith('_MS') ? 'in milliseconds' : '')
  }
})
