import fc from 'fast-check'
import { expect, test } from 'vitest'

import { expandVariables } from './expand.ts'
import { YamlFile } from './yaml-file.ts'

/** Makes texts of the characters that have a meaning. */
const special = (characters: string) => fc.string({ unit: fc.constantFrom(...characters.split('')) })

test('expand inserts the value of a variable unchanged, whatever characters it has', () => {
  const texts = fc.oneof(fc.string(), special('${}:-\n\t"\'#&*!|>%@ {[')).filter((text) => text !== '')
  fc.assert(
    fc.property(texts, (text) => {
      const file = new YamlFile('f', 'a: ${X}\nb: "${X}"\nc: ["${X}"]\nd: ${Y:-}')
      expect(file.read({ X: text })).toEqual({ a: text, b: text, c: [text], d: '' })
    }),
  )
})

test('a text with escaped ${ expands to itself', () => {
  fc.assert(
    fc.property(special('$${}:-A'), (text) => {
      expect(expandVariables(text.replaceAll('${', '$$${'), {})).toEqual({ text, unexpanded: [] })
    }),
  )
})

test.each(['constructor', 'toString', '__proto__'])('%s expands only if the environment sets it', (name) => {
  expect(expandVariables(`\${${name}:-unset}`, {}).text).toBe('unset')
  expect(expandVariables(`\${${name}}`, {}).unexpanded).toHaveLength(1)
})

test('the parser refuses a file with very many aliases at once', () => {
  const text = `a: &a x\nb: [${Array.from({ length: 2_000 }, () => '*a').join(', ')}]\n`
  expect(() => new YamlFile('f', text)).toThrow(/^f:2:\d+: the file has more than 100 aliases/)
})
