// The demo of the README. Its scenes assert their outcomes, and its exit code is 1 if one fails.
import { env } from 'node:process'

import { expect, test } from 'vitest'

import { ExampleProgram } from './support/example-program.ts'

test('without a terminal, the demo prints the URL of the web console and ends', { tags: ['OP-3'] }, async () => {
  await using program = new ExampleProgram('demo/main.ts', { env: { PATH: env['PATH'] } })
  program.endInput()
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
  expect(program.stdout).toContain('9 of 9 scenes passed')
  expect(program.stdout).toMatch(/console +http:\/\/127\.0\.0\.1:\d+\/console\n +API key +\S+\n/)
})

test('in a terminal, the console of the demo is open until Enter is pressed', { tags: ['OP-3'] }, async () => {
  await using program = new ExampleProgram('demo/main.ts', { env: { PATH: env['PATH'] }, hasTerminal: true })
  await expect.poll(() => program.stdout, { timeout: 120_000 }).toContain('Press Enter')
  const [, url, apiKey] = /console +(http\S+)\s+API key +(\S+)/.exec(program.stdout)!
  const page = await fetch(url!)
  expect(await page.text()).toContain('Codemode console')
  const listed = await fetch(new URL('/v1/executions', url), { headers: { authorization: `Bearer ${apiKey}` } })
  expect(await listed.json()).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ status: 'failed' })]),
  })
  program.write('\n')
  expect(await program.ended()).toEqual({ code: 0, stderr: '' })
  expect(program.stdout).not.toContain('are over')
})
