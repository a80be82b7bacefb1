import { readFileSync, globSync } from 'node:fs'

import { expect, test } from 'vitest'

import { requirements } from './requirements.ts'

test('every requirement of a finished capability has an end-to-end test that names it', () => {
  const cited = new Set(
    globSync('tests/*/**/*.test.ts').flatMap((path) =>
      [
        ...readFileSync(path, 'utf8').matchAll(/(?:test|describe)(?:\.each\([^)]*\))?\(\s*['"`]([A-Z]{2}-[^:]*):/g),
      ].flatMap(([, ids]) => ids!.split(', ')),
    ),
  )
  expect(Object.keys(requirements).filter((id) => !cited.has(id))).toEqual([])
  expect([...cited].filter((id) => !(id in requirements))).toEqual([])
})
