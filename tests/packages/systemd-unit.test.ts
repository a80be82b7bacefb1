/**
 * The systemd unit, without systemd: its command runs with its environment and that of the guide, in temporary folders. The port,
 * the database and the isolation are those of the test.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { connect, startPostgres } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { install } from './installed.ts'
import { executorPackages, pack } from './packed.ts'
import { newFolder, startCommand, variablesIn } from './started.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const readText = (path: string) => readFile(join(root, path), 'utf8')

/**
 * Returns the problems that `systemd-analyze verify` reports, without that of `DelegateSubgroup`, which systemd before 254 does not
 * know.
 */
async function unitProblems(unit: string): Promise<string[]> {
  const verified = run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', unit])
  const { stderr } = await verified.catch((error: Error & { code: unknown; stderr: string }) => {
    // Another code is that of a program that could not be started.
    if (typeof error.code === 'number') return error
    throw error
  })
  return stderr.split('\n').filter((line) => line !== '' && !line.includes("Unknown key 'DelegateSubgroup'"))
}

/** Returns the settings of the section `Service` of a systemd unit. */
function serviceSettings(unit: string): Record<string, string> {
  const [, text = ''] = unit.split('[Service]\n')
  const lines = text.split('\n[')[0]!.split('\n')
  return Object.fromEntries(lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s, 2)))
}

test('it starts and stops an executor that was installed as the guide says', { tags: ['OP-4'] }, async () => {
  const folder = await newFolder()
  await using database = await startPostgres()
  const tarballs = await pack(executorPackages, folder)
  const [opt, etc] = [join(folder, 'opt'), join(folder, 'etc')]
  await install(opt, { tarballs, node: execPath })
  // The guide installs Node as a package, whose install script does not run here.
  await rm(join(opt, 'node_modules/.bin/node'), { force: true })
  await cp(execPath, join(opt, 'node_modules/.bin/node'))
  await mkdir(etc)
  const withTestPaths = (text: string) =>
    text
      .replaceAll('/opt/codemode', opt)
      .replaceAll('/etc/codemode', etc)
      .replaceAll('/var/lib/codemode', join(folder, 'data'))

  const unit = withTestPaths(await readText('deploy/codemode-executor.service'))
  await writeFile(join(folder, 'codemode-executor.service'), unit)
  expect(await unitProblems(join(folder, 'codemode-executor.service'))).toEqual([])

  const guide = await readText('docs/running.md')
  const [, configuration] = /```sh\n(CODEMODE_HOST=[^`]*)```/.exec(guide)!
  const [, createKey] = /\n(node_modules\/\.bin\/node .* keys create .*)\n/.exec(guide)!
  const { stdout: created } = await run('sh', ['-c', withTestPaths(createKey!)], { cwd: opt })
  const { ExecStart, Environment } = serviceSettings(unit)
  const executor = await startCommand(ExecStart!.split(' '), {
    cwd: opt,
    variables: {
      PATH: env['PATH'],
      ...variablesIn(Environment!),
      ...variablesIn(withTestPaths(configuration!)),
      CODEMODE_HOST: '127.0.0.1',
      CODEMODE_PORT: '0',
      CODEMODE_DATABASE_URL: database.url,
      CODEMODE_MIN_ISOLATION: 'permissions',
    },
  })
  const [executorApiKey] = /cmk_\w+/.exec(created)!
  await using client = connect(executor, { executorApiKey })
  expect(await client.executeAsync('return 6 * 7')).toBe(42)
  expect(await executor.stop()).toEqual([0, null])
})
