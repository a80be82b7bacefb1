import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { withoutShifts } from './insertions.ts'
import { isParserLoaded, loadParser, prepareSource } from './prepare-source.ts'

test('the parser is loaded once loadParser has been called', () => {
  loadParser()
  expect(isParserLoaded()).toBe(true)
})

describe('assignments to result in very many blocks', () => {
  const blocks = '{result=1}'.repeat(20_000)

  test('are not the value where an outer block declares it', () => {
    expect(prepareSource(`{let result;${'{'.repeat(300)}${blocks}${'}'.repeat(300)}}`)).toMatchObject({ shifts: [] })
    expect(prepareSource(`{let result;${blocks}}`)).toMatchObject({ body: `{let result;${blocks}}` })
  })

  test('are the value where no block declares it', () => {
    expect(prepareSource(blocks)).toMatchObject({ body: `${blocks};return result;var result` })
    expect(prepareSource(`{let result;${blocks}}result=2`)).toMatchObject({
      body: `{let result;${blocks}}result=2;return result;var result`,
    })
  })
})

describe('the prepared body', () => {
  test('reports the insertions, which move columns', () => {
    expect(prepareSource('const a = 1;  a + 1 // c')).toEqual({
      ok: true,
      body: 'const a = 1;  return (a + 1) // c',
      shifts: [
        { line: 1, column: 15, width: 8 },
        { line: 1, column: 20, width: 1 },
      ],
    })
    expect(prepareSource('```\nx\n```')).toMatchObject({
      shifts: [
        { line: 2, column: 1, width: 8 },
        { line: 2, column: 2, width: 1 },
      ],
    })
    expect(prepareSource('result = 1 // c')).toMatchObject({
      body: 'result = 1;return result;var result // c',
      shifts: [{ line: 1, column: 11, width: 25 }],
    })
    expect(prepareSource('return 1')).toMatchObject({ shifts: [] })
    const prepared = prepareSource('/* a */ function () { mark }')
    const column = prepared.ok ? prepared.body.indexOf('mark') + 1 : 0
    expect(withoutShifts({ line: 1, column }, prepared.ok ? prepared.shifts : [])).toEqual({ line: 1, column: 23 })
  })

  test('contains no comment that renames the source', () => {
    expect(prepareSource('return 1\n//# sourceURL=x\n//@ sourceMappingURL=y')).toMatchObject({
      body: 'return 1\n//  sourceURL=x\n//  sourceMappingURL=y',
    })
  })

  test('keeps its columns in code full of comments that would rename the source', () => {
    const code = 'a\n//# sourceURL=x\n'.repeat(14_000)
    expect(prepareSource(`${code}return 1`)).toMatchObject({ body: `${'a\n//  sourceURL=x\n'.repeat(14_000)}return 1` })
  })

  test('keeps a comment that begins like one of HTML', () => {
    expect(prepareSource('<!--# sourceURL=x\nreturn 1')).toMatchObject({
      ok: true,
      body: '<!--# sourceURL=x\nreturn 1',
    })
  })

  test('keeps the position of every token, fenced or not, with types or without', () => {
    const statement = fc.constantFrom(
      'const a: number = MARK',
      '  f<string>(MARK, 1)',
      'interface A { b: string }',
      'type É = "ü"; MARK',
      'if (a) { MARK }',
      '// ```',
      '',
      'const a = `\n~~~\n` + MARK',
    )
    const fence = fc.constantFrom(['', ''], ['```ts\n', '\n```'], ['\n  ~~~~\n', '\r\n  ~~~~~ \n'])
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 8 }), fence, (statements, [open, close]) => {
        const code = `${open}${statements.map((each, n) => each.replaceAll('MARK', `mark${n}`).replace(' a', ` a${n}`)).join('\n')}${close}`
        const prepared = prepareSource(code)
        expect(prepared).toMatchObject({ ok: true })
        if (!prepared.ok) return
        const found = marksIn(prepared.body).map(([mark, line, column]) => {
          const original = withoutShifts({ line, column }, prepared.shifts)
          return [mark, original.line, original.column]
        })
        expect(found).toEqual(marksIn(code))
      }),
    )
  })
})

function marksIn(code: string): [string, number, number][] {
  return code
    .split('\n')
    .flatMap((text, line) =>
      [...text.matchAll(/mark\d/g)].map((match): [string, number, number] => [match[0], line + 1, match.index + 1]),
    )
}
