// The executor as a newcomer installs it: from its tarballs, with npm, in an empty folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { createInterface } from 'node:readline'

import { expect, onTestFinished, test } from 'vitest'

import { connect } from '@codemode/testkit'
import { install } from './installed.ts'
import { pack } from './packed.ts'

const apiKey = 'a-key-for-this-run-only'

test('the executor starts from its tarballs, runs code, serves its console, and stops', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-installed-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const tarballs = await pack(['@codemode/shared', '@codemode/console', '@codemode/executor'], folder)
  const project = join(folder, 'project')
  await install(project, { tarballs, node: execPath })

  const variables = { CODEMODE_DEV: '1', CODEMODE_API_KEY: apiKey, CODEMODE_PORT: '0' }
  const child = spawn(execPath, [join(project, 'node_modules/.bin/codemode-executor')], {
    cwd: project,
    env: { PATH: env['PATH'], ...variables },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  let url: string | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    url = /ready on (\S+)/.exec(line)?.[1]
    if (url !== undefined) break
  }
  await using client = connect({ url: url! }, { executorApiKey: apiKey, tools: { double: (n: number) => n * 2 } })
  expect(await client.executeAsync('await tools.double(21)')).toBe(42)
  const page = await fetch(`${url}/console`)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('codemode-console-path')])
  const root = await (await fetch(url!)).json()
  expect(root).toMatchObject({ error: { suggestion: expect.stringContaining('The web console is at /console.') } })
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})
