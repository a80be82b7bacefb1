import { env } from 'node:process'

import { expect, test } from 'vitest'

import { ExampleProgram } from './support/example-program.ts'

test('the recipe shows one tree of application, client, executor and tool', { tags: ['OP-1'] }, async () => {
  await using program = new ExampleProgram('tracing/main.ts', { env: { PATH: env['PATH'] } })
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
  expect(program.stdout).toContain('codemode.tool stock (application)')
})
