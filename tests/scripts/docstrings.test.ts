import { expect, test } from 'vitest'

import { refusedDocstrings } from '../../scripts/docs/docstrings.ts'

test.each([
  ['/** What it keeps. */', 1, 'What'],
  ['\n  /** how many there are */', 2, 'how'],
  ['/**\n * Because of V8, no Map.\n */', 2, 'Because'],
  ['\n/** Whether it is open. */\nexport function isOpen() {}', 2, 'Whether'],
])('the gate refuses the docstring %j', (source, line, word) => {
  expect(refusedDocstrings('a.ts', source)).toEqual([
    `a.ts(${line}): the docstring begins with "${word}"; begin with a verb or a noun phrase`,
  ])
})

test.each([
  '/** Whether it is open. */\nreadonly isOpen: boolean',
  '/** Order of the keys. */',
  '// What a line comment says',
  "glob('src/**/*.ts')",
])('the gate accepts %j', (source) => {
  expect(refusedDocstrings('a.ts', source)).toEqual([])
})
