import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

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
  [...sectionOf('The value').matchAll(/^\| `(.+?)` +\| `(.+?)`/gm)].map(([, code, value]) => [code!, value!] as const),
)('the documented program %j gives %s', { tags: ['GU-3', 'GU-6'] }, async (code, value) => {
  expect(JSON.stringify(await suite.codemode.executeAsync(code))).toBe(value)
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
  expect(await codemode.run('tools.get({ id: 1 }); 1')).toMatchObject({ warnings: [{ code: 'CALL_NOT_AWAITED' }] })
  expect(await codemode.run('import fs from "fs"')).toMatchObject({
    error: { code: 'SYNTAX_ERROR', hint: expect.any(String) },
  })
  expect(await codemode.run('new Map()')).toMatchObject({ error: { code: 'RESULT_NOT_SERIALIZABLE' } })
  expect(await codemode.executeAsync('const a = Date.now(); for (let i = 0; i < 1e6; i++); Date.now() - a')).toBe(0)
  expect(await codemode.executeAsync('const a = Date.now(); await sleep(20); Date.now() - a >= 20')).toBe(true)
})
