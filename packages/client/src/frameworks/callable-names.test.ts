import fc from 'fast-check'
import { expect, test } from 'vitest'

import { tool } from '../tools/define.ts'
import { ToolRegistry } from '../tools/registry.ts'
import { callableNames } from './callable-names.ts'

test('names that code can call stay; of others, characters and reserved words are changed', () => {
  const names = ['get_weather', 'get-weather', 'get weather', 'größe', 'then', '$x', '2nd', '-', 'a.b-c', 'toString']
  expect(callableNames(names)).toEqual([
    'get_weather',
    'get_weather_2',
    'get_weather_3',
    'größe',
    'then_tool',
    'x',
    '_2nd',
    'tool',
    'a.b_c',
    'toString_tool',
  ])
})

test('a name that code can call keeps its place, whatever comes before it', () => {
  expect(callableNames(['a-b', 'a_b', 'a_b', 'a_b_2'])).toEqual(['a_b_3', 'a_b', 'a_b_4', 'a_b_2'])
})

test('names have at most 128 characters, also with the suffix that makes them different', () => {
  const long = 'a'.repeat(128)
  expect(callableNames([long, long, `${long}b`, `${'a'.repeat(115)}.thenable.${long}`])).toEqual([
    long,
    `${'a'.repeat(126)}_2`,
    'a'.repeat(120),
    `${'a'.repeat(115)}.then_tool`,
  ])
})

test('tools of any names can be registered together', () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
    fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', '_', '-', '.', '2', '$') }),
    fc.constantFrom('__proto__', '$then', 'then', 'toJSON', 'a'.repeat(128), 'a'.repeat(200)),
  )
  fc.assert(
    fc.property(fc.array(name, { maxLength: 8 }), (names) => {
      const registry = new ToolRegistry()
      for (const callable of callableNames(names)) registry.register(callable, tool({ execute: () => 1 }))
      expect(registry.select(undefined)).toHaveLength(names.length)
    }),
  )
})
