import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { SessionGuest } from '../support/session-guest.ts'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const page = readFileSync(new URL('../../docs/guest.md', import.meta.url), 'utf8')

/** Returns the names in code spans of a section of the page, sorted. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/`([A-Za-z]\w*)`/g)].map(([, name]) => name!).toSorted()
}

const sectionOf = (heading: string): string => page.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!

test('the documented globals are those of the guest', { tags: ['GU-6'] }, async () => {
  const [, list] = sectionOf('Globals').split('These exist, and no others:\n')
  const documented = namesIn(list!.split('\n\n`crypto`')[0]!)
  expect(await suite.codemode.executeAsync('Object.getOwnPropertyNames(globalThis).sort()')).toEqual(documented)
})

test('the documented methods of the console are those of the guest', { tags: ['GU-6'] }, async () => {
  const [sentence] = sectionOf('Console').split('Values are printed')
  const documented = namesIn(sentence!).filter((name) => name !== 'console')
  expect(await suite.codemode.executeAsync('Object.keys(console).sort()')).toEqual(documented)
})

test.each(
  [...sectionOf('The value').matchAll(/^\| `(.+?)` +\| `(.+?)`(?:, with the warning `(\w+)`)? +\|$/gm)].map(
    ([, code, value, warning]) => [code!, value!, warning === undefined ? [] : [warning]] as const,
  ),
)(
  'the documented program %j gives %s, with the warnings %j',
  { tags: ['GU-3', 'GU-6'] },
  async (code, value, codes) => {
    const result = await suite.codemode.run(code, { input: 1 })
    expect(result.success && JSON.stringify(result.result)).toBe(value)
    expect(result.warnings.map((warning) => warning.code)).toEqual(codes)
  },
)

test.each([
  'enum Color { Red }',
  'namespace A { export const a = 1 }',
  '@dec class A {}',
  'class A { constructor(private a: string) {} }',
  'return <string>"a"',
  "import x = require('x')",
  'return <div>a</div>',
])('the documented limit of TypeScript is refused: %s', { tags: ['GU-4', 'GU-6'] }, async (code) => {
  expect(await suite.codemode.run(code)).toMatchObject({ success: false, error: { code: 'SYNTAX_ERROR' } })
})

test('the statements of the rules for a model hold', { tags: ['GU-6'] }, async () => {
  const { codemode } = suite
  codemode.registerTool('get', ({ id }: { id: number }) => id * 2)
  expect(await codemode.executeAsync('await Promise.all([1, 2].map((id) => tools.get({ id })))')).toEqual([2, 4])
  expect(
    await codemode.executeAsync('async function main({ tools, input }) { return tools.get({ id: input }) }', {
      input: 4,
    }),
  ).toBe(8)
  codemode.registerTool('today', () => new Date(0))
  expect(await codemode.executeAsync('await tools.today()')).toBe('1970-01-01T00:00:00.000Z')
  expect(await codemode.executeAsync('(await Promise.all([{ id: 1 }].map(tools.get)))[0]')).toBe(2)
  expect(await codemode.executeAsync('let n: number = 1; setTimeout(() => { n = 2 }, 60_000); n as number')).toBe(1)
  const typed = "import type { A } from 'a'\ninterface B { c: A }\nreturn (5 satisfies number)!"
  expect(await codemode.executeAsync(typed)).toBe(5)
  expect(await codemode.run('[Promise.resolve(1)]')).toMatchObject({ error: { code: 'RESULT_NOT_SERIALIZABLE' } })
  expect(await codemode.run('tools.get({ id: 1 }); 1')).toMatchObject({ warnings: [{ code: 'CALL_NOT_AWAITED' }] })
  expect(await codemode.run('import fs from "fs"')).toMatchObject({
    error: { code: 'SYNTAX_ERROR', hint: expect.any(String) },
  })
  expect(await codemode.run('new Map()')).toMatchObject({ error: { code: 'RESULT_NOT_SERIALIZABLE' } })
  expect(await codemode.executeAsync('const a = Date.now(); for (let i = 0; i < 1e6; i++); Date.now() - a')).toBe(0)
  expect(await codemode.executeAsync('const a = Date.now(); await sleep(20); Date.now() - a >= 20')).toBe(true)
})

test('the documented steps of a session have the documented values, one after the other', { tags: ['GU-6'] }, () => {
  using session = new SessionGuest()
  const rows = [...sectionOf('Steps of a session').matchAll(/^\| `(.+?)` +\| `(.+?)`(?:, with `(\w+)`)? +\|$/gm)]
  expect(rows).toHaveLength(13)
  for (const [, code, value, warning] of rows) {
    const { error, value: given, effects } = session.step(code!)
    const thrown = error?.startsWith('Error: Step') ? 'STEP_ENDED' : error?.split(':')[0]
    expect([code, thrown ?? JSON.stringify(given)]).toEqual([code, value])
    expect(effects?.end?.warnings?.map((each) => each.code) ?? []).toEqual(warning === undefined ? [] : [warning])
  }
})

test('the documented names stay local to their step', { tags: ['GU-6'] }, () => {
  using session = new SessionGuest()
  const list = sectionOf('Steps of a session').split('variables named ')[1]!.split('Local without')[0]!
  for (const name of namesIn(list)) {
    expect(session.step(`let ${name} = 'own'; ${name}`).value).toBe('own')
    expect(session.step(`typeof ${name} === 'string'`).value).toBe(false)
  }
  session.step('using a = null; { function b() {} }')
  expect(session.step('[typeof a, typeof b]').value).toEqual(['undefined', 'undefined'])
})

test('the documented texts of functions show the helpers', { tags: ['GU-6'] }, () => {
  using session = new SessionGuest()
  session.step('const limit = 1; function over() { limit = 2 }')
  expect(session.step('over.toString()').value).toBe('function $f_over() { $ro.limit = 2 }')
})
