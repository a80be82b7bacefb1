import { expect, test } from 'vitest'

import { api, replayOf } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode({ client: { tools: { get: ({ id }: { id: number }) => ({ id, name: `user ${id}` }) } } })

test.each<[string, unknown, string, number, number]>([
  ['[1, 2].map((id) => { id: id })', [null, null], '=> ({ id: id })', 1, 20],
  ['const users = [1, 2]\nreturn users.filter((id) => { id > 1 })', [], 'passed to filter', 2, 31],
  ['const n = await tools.get({ id: 1 }).then((user) => { user.name })\nreturn [n]', [null], 'passed to then', 1, 55],
  ['return [1, 2].filter(async (id) => id > 5).length', 2, 'filter is async', 1, 22],
  ['const order = {}\nif (order.status = "paid") return "paid"', 'paid', 'condition assigns', 2, 5],
  ['const user = await tools.get\nreturn { name: user.title }', {}, 'await tools.get({ … })', 1, 20],
  [
    'async function main() {\n  const user = await tools.get({ id: 1 })\n  return\n    [user.name]\n}\nmain()',
    null,
    'what follows never runs',
    3,
    3,
  ],
])('%j succeeds with a warning of the mistake in it', { tags: ['GU-2'] }, async (code, value, text, line, column) => {
  expect(await suite.codemode.run(code)).toMatchObject({
    success: true,
    result: value,
    warnings: [{ code: 'LIKELY_MISTAKE', message: expect.stringContaining(text) as string, line, column }],
  })
})

test('a failure has the warning of a mistake before it', { tags: ['GU-2'] }, async () => {
  const code = 'const users = [1].map((id) => { id: id })\nreturn users[0].id'
  expect(await suite.codemode.run(code)).toMatchObject({
    success: false,
    error: { code: 'GUEST_ERROR' },
    warnings: [{ code: 'LIKELY_MISTAKE', line: 1 }],
  })
})

test('code can neither add nor remove warnings of mistakes', { tags: ['GU-2', 'SA-1'] }, async () => {
  const forged = 'Object.prototype.mistakes = [{ message: "forged", line: 1, column: 1 }]; return 1'
  expect(await suite.codemode.run(forged)).toMatchObject({ success: true, warnings: [] })
  const hidden = 'Object.prototype.mistakes = []\nArray.prototype.push = () => 0\nreturn [1].filter((n) => { n })'
  expect(await suite.codemode.run(hidden)).toMatchObject({ warnings: [{ code: 'LIKELY_MISTAKE', line: 3 }] })
})

test('a replay gives the same warnings of mistakes', { tags: ['GU-1'] }, async () => {
  const execution = await suite.codemode.submit('return [1].map((n) => { n: n })')
  await execution.wait()
  const { body: journal } = await api(suite.executor, `/v1/executions/${execution.id}/journal`)
  const replayed = await replayOf([journal])
  expect(replayed.lines[0]).toContain('replayed 1 turns as recorded in the journal')
})

test.each<[string, RegExp, number]>([
  ['const users = await tools.get({ id: 1 })\nconst names = [users.name]', /sets names/, 2],
  ['async function main() {\n  const { name } = await tools.get({ id: 1 })\n}', /main returns nothing/, 2],
  ['(async () => {\n  const user = await tools.get({ id: 1 })\n  user.name\n})()', /Write return/, 3],
  ['const name = (user) => user.name\nasync function run() { return name({}) }', /run is declared/, 2],
  ['async function main() { return 1 }\nmain().then(console.log)', /Leave out \.then/, 2],
])('%j has no value, with a warning of the reason', { tags: ['GU-2', 'GU-3'] }, async (code, message, line) => {
  expect(await suite.codemode.run(code)).toMatchObject({
    success: true,
    result: null,
    warnings: [{ code: 'NO_VALUE', message: expect.stringMatching(message) as string, line }],
  })
})

test('an exported function beside its helpers is the program', { tags: ['GU-3'] }, async () => {
  const code =
    'const id = (n) => ({ id: n })\nexport async function main({ tools, input }) { return tools.get(id(input)) }'
  expect(await suite.codemode.executeAsync(code, { input: 3 })).toEqual({ id: 3, name: 'user 3' })
})
