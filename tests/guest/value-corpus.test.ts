import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'
import { corpusOf } from './value-corpus.ts'

const suite = useCodemode()

test(
  'five hundred programs have the value that a model of the rule gives them',
  { tags: ['EX-1', 'GU-3'] },
  async () => {
    const programs = corpusOf(14, 500)
    expect(programs).toHaveLength(500)
    const results = await suite.codemode.executeAll(programs.map(({ code }) => code))
    for (const [n, { code, value, isMistake }] of programs.entries()) {
      const result = results[n]!
      expect({
        code,
        result: 'error' in result ? result.error : result.success && result.result,
        warnings: result.warnings.map((warning) => warning.code),
      }).toEqual({ code, result: value ?? null, warnings: isMistake ? ['NO_VALUE'] : [] })
    }
  },
)
