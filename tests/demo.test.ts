// The demo of the README. Its scenes assert their outcomes, and its exit code is 1 if one fails.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

import { packageFlags } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { ExampleProgram } from './support/example-program.ts'

test(
  'the demo offers the web console at its end, and ends where no person looks at it',
  { tags: ['OP-3'] },
  async () => {
    await using program = new ExampleProgram('demo/main.ts', { env: { PATH: env['PATH'] } })
    program.endInput()
    expect(await program.ended()).toEqual({ code: 0, stderr: '' })
    expect(program.stdout).toMatch(/9 of 9 scenes passed/)
    expect(program.stdout).toMatch(/console +http:\/\/127\.0\.0\.1:\d+\/console\n +API key +\S+\n/)
  },
)

test('in a terminal, the console of the demo is open until Enter is pressed', { tags: ['OP-3'] }, async () => {
  const main = fileURLToPath(new URL('../examples/demo/main.ts', import.meta.url))
  const command = [execPath, ...packageFlags, main].map((part) => `'${part}'`).join(' ')
  // `script` runs the command in a terminal of its own.
  const demo = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: env['PATH'] },
  })
  const ended = once(demo, 'exit')
  let output = ''
  const isOpen = Promise.withResolvers<void>()
  demo.stdout.on('data', (text) => {
    output += String(text)
    if (output.includes('Press Enter')) isOpen.resolve()
  })
  await Promise.race([isOpen.promise, ended])
  const [, url = 'the demo printed no address'] = /console\S* +(http\S+)/.exec(output) ?? []
  const [, apiKey] = /API key\S* +(\S+)/.exec(output) ?? []
  const page = await fetch(url)
  expect({ status: page.status, text: await page.text() }).toEqual({
    status: 200,
    text: expect.stringContaining('Codemode console'),
  })
  const listed = await fetch(`${url.replace('/console', '')}/v1/executions`, {
    headers: { authorization: `Bearer ${apiKey}` },
  })
  expect(await listed.json()).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ status: 'failed' })]),
  })
  demo.stdin.write('\n')
  expect(await ended).toEqual([0, null])
})
