import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { urlHost } from './url-host.ts'

const ask = (op: string, ...args: unknown[]): unknown => JSON.parse(urlHost(op, JSON.stringify(args)))

test('parses a URL, alone or against a base', () => {
  expect(ask('parse', '../b?q#h', 'http://u@a:1/x/y')).toMatchObject({
    href: 'http://u@a:1/b?q#h',
    host: 'a:1',
    search: '?q',
  })
})

test('sets one part, and ignores a value that the part refuses', () => {
  expect(ask('set', 'http://a/', 'port', '81')).toMatchObject({ href: 'http://a:81/' })
  expect(ask('set', 'http://a/', 'port', 'x')).toMatchObject({ href: 'http://a/' })
})

test('parses and serialises queries', () => {
  expect(ask('parseQuery', '?a=1&b=%20')).toEqual([
    ['a', '1'],
    ['b', ' '],
  ])
  expect(ask('serialiseQuery', 'a', '1', 'b', ' ')).toBe('a=1&b=+')
})

test.each([
  ['parse', '["nope"]'],
  ['parse', 'not json'],
  ['parse', '[1]'],
  ['parse', 'null'],
  ['set', '["http://a","origin","x"]'],
  ['set', '["http://a","__proto__","x"]'],
  ['other', '[]'],
])('answers an invalid operation with an error: %s %s', (op, json) => {
  expect(JSON.parse(urlHost(op, json))).toEqual({ error: expect.any(String) })
})

test('never throws', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('parse', 'set', 'parseQuery', 'serialiseQuery', 'x'),
      fc.oneof(fc.json(), fc.string()),
      (op, json) => {
        expect(() => void JSON.parse(urlHost(op, json))).not.toThrow()
      },
    ),
  )
})
