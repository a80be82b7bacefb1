import fc from 'fast-check'
import { expect, test } from 'vitest'

import { expandVariables } from './expand.ts'
import { YamlFile } from './yaml-file.ts'

/** Texts of the characters that mean something. */
const special = (characters: string) => fc.string({ unit: fc.constantFrom(...characters.split('')) })

test('a variable is put into a value as it is, whatever characters it has', () => {
  const texts = fc.oneof(fc.string(), special('${}:-\n\t"\'#&*!|>%@ {[')).filter((text) => text !== '')
  fc.assert(
    fc.property(texts, (text) => {
      const file = new YamlFile('f', 'a: ${X}\nb: "${X}"\nc: ["${X}"]\nd: ${Y:-}')
      expect(file.read({ X: text })).toEqual({ a: text, b: text, c: [text], d: '' })
    }),
  )
})

test('any text can be written with its ${ escaped', () => {
  fc.assert(
    fc.property(special('$${}:-A'), (text) => {
      expect(expandVariables(text.replaceAll('${', '$$${'), {})).toEqual({ text, unexpanded: [] })
    }),
  )
})
