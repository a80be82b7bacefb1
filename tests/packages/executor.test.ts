// The executor as a newcomer installs it: from its tarballs, with npm, in an empty folder.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { env, execPath } from 'node:process'

import { expect, test } from 'vitest'

import { connect } from '@codemode/testkit'
import { compile, install, nodes } from './installed.ts'
import { executorPackages, pack } from './packed.ts'
import { newFolder, startCommand } from './started.ts'

const apiKey = 'a-key-for-this-run-only'

test('the executor starts from its tarballs, runs code, serves its console, and stops', async () => {
  const folder = await newFolder()
  const tarballs = await pack(executorPackages, folder)
  const project = join(folder, 'project')
  await install(project, { tarballs, node: execPath })

  const executor = await startCommand([execPath, join(project, 'node_modules/.bin/codemode-executor')], {
    cwd: project,
    variables: { PATH: env['PATH'], CODEMODE_DEV: '1', CODEMODE_API_KEY: apiKey, CODEMODE_PORT: '0' },
  })
  const { url } = executor
  await using client = connect({ url }, { executorApiKey: apiKey, tools: { double: (n: number) => n * 2 } })
  expect(await client.executeAsync('await tools.double(21)')).toBe(42)
  const page = await fetch(`${url}/console`)
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('codemode-console-path')])
  const root = await (await fetch(url)).json()
  expect(root).toMatchObject({ error: { suggestion: expect.stringContaining('The web console is at /console.') } })
  expect(await executor.stop()).toEqual([0, null])
})

test(
  'the program of its README compiles strictly, with the types of all packages checked',
  { tags: ['OP-4'] },
  async () => {
    const folder = await newFolder()
    const project = join(folder, 'project')
    const devDependencies = { '@types/node': nodes.at(-1)!.types }
    await install(project, { tarballs: await pack(executorPackages, folder), node: execPath, devDependencies })
    const readme = await readFile(join(project, 'node_modules/@codemode/executor/README.md'), 'utf8')
    const [, program] = /```ts\n([^`]*)```/.exec(readme)!
    await writeFile(join(project, 'main.ts'), program!)
    const options = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2023', module: 'nodenext' }
    expect(await compile('main.ts', project, { ...options, lib: ['es2023', 'esnext.disposable'] })).toBe('')
  },
)
