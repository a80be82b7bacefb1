import { expect, test } from 'vitest'

import { jsonSchemaCheck } from './json-schema.ts'

const examples: Record<string, readonly [valid: readonly string[], invalid: readonly string[]]> = {
  date: [
    ['2024-02-29', '0000-02-29', '1999-12-31'],
    ['2023-02-29', '1900-02-29', '2020-13-01', '2020-1-01', '2020-01-32', ''],
  ],
  time: [
    ['23:59:60Z', '12:00:00.123+05:30', '00:29:60+00:30'],
    ['12:00:00', '24:00:00Z', '12:00:60Z', '12:00:00+24:00'],
  ],
  'date-time': [
    ['1985-04-12T23:20:50.52Z', '1990-12-31T15:59:60-08:00', '2020-01-01t00:00:00z'],
    ['2020-01-01', '2020-01-01T25:00:00Z'],
  ],
  duration: [
    ['P4DT12H30M5S', 'P2W', 'PT1M', 'P1Y2M3D'],
    ['P', 'PT', 'P1YT', 'P1D2H', 'P2W1D', 'PT1D', 'P1Y3D', 'P1', '1D'],
  ],
  email: [
    ['joe.bloggs@example.com', '"joe bloggs"@example.com', 'a@[127.0.0.1]', 'a@[IPv6:::1]'],
    ['2962', '.a@b.c', 'a..b@c.d', 'a@', '@b', 'a@b@c.d', 'a@[1.2]'],
  ],
  hostname: [
    ['www.example.com', 'a', '1host'],
    ['-bad-', 'a..b', '', `${'a'.repeat(64)}.com`, 'no_underscore'],
  ],
  ipv4: [['192.168.0.1'], ['256.0.0.1', '1.2.3', '087.10.0.1', '1.2.3.4.5']],
  ipv6: [
    ['::1', '::ffff:1.2.3.4', '2001:db8::8'],
    ['12345::', '::1%eth0', ':1', '1.2.3.4'],
  ],
  uri: [
    ['http://a:80/b?c#d', 'urn:uuid:1', 'mailto:a@b.c', 'http://[::1]/', 'a:'],
    ['//a/b', '/b', 'http://a b', 'http://[::1', 'http://a/%zz', ':x', 'http://a#b#c'],
  ],
  'uri-reference': [
    ['/b', '#x', '', '//a/b?c', 'a/b:c'],
    ['\\\\a', 'a b', '#\\x', '1:2'],
  ],
  'uri-template': [
    ['http://a/{b}{?c,d*}', 'a', '{a:3}', '{+a.b}'],
    ['{', '}', '{a', '{}', '{a:0}', '{a,}'],
  ],
  url: [['https://example.com/x'], ['mailto:a@b.c', 'http://']],
  uuid: [
    ['2EB8AA08-aa98-11ea-b4aa-73b441d16380'],
    ['2eb8aa08aa9811eab4aa73b441d16380', '2eb8aa08-aa98-11ea-b4aa-73b441d1638'],
  ],
  regex: [
    ['^a+$', '(?<x>a)'],
    ['(', '\\a', 'a{'],
  ],
  'json-pointer': [
    ['', '/a/~0~1', '/'],
    ['a', '/~2', '/~', '#/a'],
  ],
  'json-pointer-uri-fragment': [
    ['#', '#/a%20b'],
    ['/a', '#a', '#/ '],
  ],
  'relative-json-pointer': [
    ['0', '1/a', '120#'],
    ['-1', '01', '0##', '/a', ''],
  ],
  'not-a-format': [['anything'], []],
}

test.each(Object.entries(examples))('validates the format %s', { tags: ['TL-2'] }, (format, [valid, invalid]) => {
  const check = jsonSchemaCheck({ format })
  for (const text of valid) expect({ text, issues: check(text) }).toEqual({ text, issues: [] })
  for (const text of invalid) expect({ text, count: check(text).length }).toEqual({ text, count: 1 })
  expect(check(5)).toEqual([])
})

const hostile = ['a@', 'a.', '%20', '{a}', '~0/', '1', 'P1Y', '(', ':', '[', '://a', '-', ' ', '\0', '0:']

test.each(Object.keys(examples))(
  'the validator of the format %s finishes on hostile texts',
  { tags: ['TL-2'] },
  (format) => {
    const check = jsonSchemaCheck({ format })
    for (const part of hostile) {
      const text = part.repeat(Math.floor((128 * 1024) / part.length))
      for (const each of [text, `http://${text}!`]) {
        expect(check(each).filter(({ message }) => !message.startsWith('does not match the format'))).toEqual([])
      }
    }
  },
)
