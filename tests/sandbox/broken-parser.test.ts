import { expect, test } from 'vitest'

import { connect, startExecutor } from '@codemode/testkit'

/** Code that V8 refuses although the parser accepts it, and in which a search for fences breaks the type stripper. */
const uncompiled = `/*\n\`\`\`ts\nlet a: number = ${'1+'.repeat(9_000)}1\n\`\`\`\n*/ function f(${'a,'.repeat(66_000)}a){}; return 1`

test(
  'turns that need the type stripper after it broke run in another process, also after a failed compilation',
  { tags: ['GU-4'] },
  async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    await using codemode = connect(executor)
    const codes = [uncompiled, uncompiled, uncompiled, 'const n: number = 2\nn', 'return 3']
    const results = await Promise.all(codes.map((code) => codemode.run(code)))
    expect(results.map(({ success, ...result }) => (success ? result : 'failed'))).toMatchObject([
      'failed',
      'failed',
      'failed',
      { result: 2 },
      { result: 3 },
    ])
    for (const { error } of results.slice(0, 3) as { error?: unknown }[]) {
      expect(error).toMatchObject({ code: 'SYNTAX_ERROR' })
    }
  },
)

const list = `const a: number[] = [${'1, '.repeat(30_000)}1]`

test.each<[string, string, { line: number; column: number }]>([
  [
    `${list}; const b: = 2`,
    'syntax error behind column 65500 of line 1, which has 90037 characters',
    { line: 1, column: 65_500 },
  ],
  [`\n${list} let b: = 2`, 'syntax error behind column 65500 of line 2', { line: 2, column: 65_500 }],
  [
    `const s: string = '${'x'.repeat(70_000)}'; enum E { A }`,
    'syntax error behind column 65500 of line 1',
    { line: 1, column: 65_500 },
  ],
  [`${list};\nconst b: = 2`, "Unexpected token '='", { line: 2, column: 10 }],
  [`${list.replace(': number[]', '')}; const b = = 2`, "Unexpected token '='", { line: 1, column: 90_026 }],
])('a syntax error in a long line has the line (%#)', { tags: ['GU-4'] }, async (code, message, details) => {
  await using executor = await startExecutor()
  await using codemode = connect(executor)
  expect(await codemode.run(code)).toMatchObject({
    error: { code: 'SYNTAX_ERROR', message: expect.stringContaining(message) as string, details },
  })
  expect(await codemode.run('const n: number = 4\nn')).toMatchObject({ result: 4 })
})

test('a long line without an error runs', { tags: ['GU-4'] }, async () => {
  await using executor = await startExecutor()
  await using codemode = connect(executor)
  expect(await codemode.run(`${list}; a.length`)).toMatchObject({ result: 30_001 })
})

test.each([60_000, 5_000])('%i lines of fences are refused with their lines', { tags: ['GU-4'] }, async (count) => {
  await using executor = await startExecutor()
  await using codemode = connect(executor)
  const { error } = (await codemode.run('```\n'.repeat(count))) as { error?: { message: string } }
  expect(error?.message).toContain(`the text has ${count / 2} fenced blocks, which begin at lines 1, 3, 5`)
})
