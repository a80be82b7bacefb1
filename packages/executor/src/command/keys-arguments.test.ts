import { expect, test } from 'vitest'

import { parseKeysCommand } from './keys-arguments.ts'
import { UsageError } from './usage-error.ts'

const now = Date.UTC(2029, 0)
const parse = (line: string) => parseKeysCommand(line.split(' ').filter(Boolean), { now })

test('create takes every field of an entry', () => {
  expect(
    parse(
      'create --tenant acme --id k1 --owner web --rights run,read --expires 2d --max-running 3 --max-queued 0' +
        ' --max-detached-execution-ms 60000' +
        ' --limits cpuTimeoutMs=1000,memoryLimitMb=64 --max-limits cpuTimeoutMs=2000 --isolation execution --reuse-isolates off' +
        ' --file=k.json',
    ),
  ).toEqual({
    action: 'create',
    file: 'k.json',
    key: {
      tenant: 'acme',
      id: 'k1',
      owner: 'web',
      rights: ['run', 'read'],
      expiresAt: '2029-01-03T00:00:00.000Z',
      maxRunning: 3,
      maxQueued: 0,
      maxDetachedExecutionMs: 60_000,
      limits: { cpuTimeoutMs: 1_000, memoryLimitMb: 64 },
      maxLimits: { cpuTimeoutMs: 2_000 },
      isolation: 'execution',
      reuseIsolates: false,
    },
  })
})

test.each([
  ['12h', '2029-01-01T12:00:00.000Z'],
  ['1w', '2029-01-08T00:00:00.000Z'],
  ['2030-02-28', '2030-02-28T00:00:00.000Z'],
  ['2030-02-28T12:00:00+02:00', '2030-02-28T10:00:00.000Z'],
])('the expiry %s is %s', (text, expiresAt) => {
  expect(parse(`create --tenant acme --expires ${text}`)).toMatchObject({ key: { expiresAt } })
})

test('list and revoke take a file, and revoke an id', () => {
  expect(parse('list')).toEqual({ action: 'list' })
  expect(parse('revoke k1 --file k.json')).toEqual({ action: 'revoke', id: 'k1', file: 'k.json' })
})

test('help is asked for anywhere', () => {
  for (const line of ['--help', '-h', 'create --help', 'crate --tennant -h']) expect(parse(line)).toBe('help')
})

test.each([
  ['', 'create, list or revoke'],
  ['crate', 'Did you mean create?'],
  ['create', 'needs the tenant'],
  ['create --tennant acme', 'Did you mean --tenant?'],
  ['create --tenant', '--tenant needs a value'],
  ['create --tenant --id a', '--tenant needs a value'],
  ['create --tenant=', '--tenant needs a value'],
  ['create --tenant a --tenant b', 'given twice'],
  ['create acme --tenant acme', 'one argument too many: "acme"'],
  [`create --tenant ${'x'.repeat(129)}`, '--tenant: it must have at most 128 characters'],
  ['create --tenant a\u001b[31m', '--tenant must not contain control characters'],
  ['create --tenant a --rights raed', 'Did you mean read? The rights are run, read, approve, operate.'],
  ['create --tenant a --rights run,', '"" is not a right'],
  ['create --tenant a --expires soon', 'neither a duration'],
  ['create --tenant a --expires 90', 'neither a duration'],
  ['create --tenant a --expires 2030-02-30', 'neither a duration'],
  ['create --tenant a --expires 2030-02-28T12:00:00', 'neither a duration'],
  ['create --tenant a --expires 0d', 'not in the future'],
  ['create --tenant a --expires 2028-12-31', 'not in the future'],
  ['create --tenant a --expires 999999999w', '100 years'],
  ['create --tenant a --max-running many', '--max-running must be a whole number, got "many"'],
  ['create --tenant a --max-running 0', '--max-running: the minimum is 1'],
  ['create --tenant a --max-queued -1', '--max-queued needs a value'],
  ['create --tenant a --max-detached-execution-ms 1h', 'must be a whole number, got "1h"'],
  ['create --tenant a --max-detached-execution-ms 86400001', '--max-detached-execution-ms: the limit is 86,400,000'],
  ['create --tenant a --limits cpuTimeoutMs', 'is not name=number'],
  ['create --tenant a --limits cpuTimeoutMs=1=2', 'is not name=number'],
  ['create --tenant a --limits cpuTimeoutMs=1s', 'cpuTimeoutMs must be a whole number'],
  ['create --tenant a --limits cpuTimeoutMs=1,cpuTimeoutMs=2', 'cpuTimeoutMs is given twice'],
  ['create --tenant a --limits cpuTimeout=1', 'did you mean "cpuTimeoutMs"?'],
  ['create --tenant a --limits __proto__=1', 'unknown field "__proto__"'],
  ['create --tenant a --limits cpuTimeoutMs=99999', 'exceeds maxLimits.cpuTimeoutMs (30000)'],
  ['create --tenant a --reuse-isolates never', '--reuse-isolates must be on or off, got "never"'],
  ['create --tenant a --isolation process', '--isolation: it must be one of tenant, execution'],
  ['list --tenant a', 'keys list has no option --tenant'],
  ['list k1', 'one argument too many'],
  ['revoke', 'needs the id of a key'],
  ['revoke a b', 'one argument too many: "b"'],
])('"%s" is refused with a hint', (line, message) => {
  expect(() => parse(line)).toThrow(UsageError)
  expect(() => parse(line)).toThrow(message)
})
