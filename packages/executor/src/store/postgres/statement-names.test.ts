import { expect, test } from 'vitest'

import { StatementNames } from './statement-names.ts'

test('each text has a name of its own, which stays the same', () => {
  const names = new StatementNames()
  const [one, two] = [names.nameOf('select 1'), names.nameOf('select 2')]
  expect(one).not.toBe(two)
  expect(names.nameOf('select 1')).toBe(one)
})

test('two hundred texts have names, and no further ones', () => {
  const names = new StatementNames()
  const all = Array.from({ length: 201 }, (_, n) => names.nameOf(`select ${n}`))
  expect(new Set(all.slice(0, 200)).size).toBe(200)
  expect(all[200]).toBe(undefined)
  expect(names.nameOf('select 7')).toBe(all[7])
})
