import { variableOf } from '@codemode/shared/internal'
import { expect, test } from 'vitest'

import { textOptions } from '../config/options.ts'
import { connectedSchema } from '../config/schema.ts'
import { variablesText } from './variables.ts'

const lines = variablesText().trimEnd().split('\n')
const nameIn = (line: string) => line.trim().split(' ', 1)[0]!

test('the help has each option that can be given as a variable, once', () => {
  const variables = textOptions(connectedSchema).map((path) => variableOf(path))
  expect(lines.map(nameIn).toSorted()).toEqual(variables.toSorted())
})

test('the help has the defaults of the schema', () => {
  const given = { executorUrl: 'http://127.0.0.1:8001', executorApiKey: 'a-key-of-16-or-more' }
  const defaults = Object.entries(connectedSchema.parse(given)).filter(([option]) => !(option in given))
  expect(defaults.length).toBeGreaterThan(0)
  for (const [option, value] of defaults)
    expect(lines.find((line) => nameIn(line) === variableOf([option]))).toContain(`(default: ${JSON.stringify(value)})`)
})
