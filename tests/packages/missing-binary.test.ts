import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, realpath, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { arch, execPath, platform, versions } from 'node:process'

import { expect, test } from 'vitest'

import { newFolder } from './started.ts'

const executor = join(import.meta.dirname, '../../packages/executor')

test(
  'an executor without a binary of isolated-vm for its machine says so in one line',
  { tags: ['CL-5'] },
  async () => {
    const folder = await executorWithoutBinary()
    const variables = { CODEMODE_DEV: '1', CODEMODE_PORT: '0', CODEMODE_STORE: 'none' }
    const stderr = await new Promise((resolve) => {
      execFile(execPath, [join(folder, 'dist/main.js')], { env: variables }, (_, __, text) => resolve(text))
    })
    const { modules, node } = versions
    expect(stderr).toMatch(
      new RegExp(
        `^codemode-executor: isolated-vm [\\d.]+ has no binary for this machine: platform=${platform} arch=${arch} .*abi=${modules} .*node=${node}\\. .*npm rebuild isolated-vm\n$`,
      ),
    )
    expect(stderr).not.toContain(folder)
  },
)

/** Returns a folder with the built executor and links to what it imports, and with isolated-vm as npm leaves it without a binary. */
async function executorWithoutBinary(): Promise<string> {
  const folder = await newFolder()
  for (const each of ['dist', 'package.json']) await cp(join(executor, each), join(folder, each), { recursive: true })
  const modules = join(folder, 'node_modules')
  const isolatedVm = await realpath(join(executor, 'node_modules/isolated-vm'))
  await mkdir(join(modules, 'isolated-vm'), { recursive: true })
  for (const each of ['package.json', 'isolated-vm.js'])
    await cp(join(isolatedVm, each), join(modules, 'isolated-vm', each))
  await symlink(join(dirname(isolatedVm), 'node-gyp-build'), join(modules, 'node-gyp-build'))
  for (const each of await readdir(join(executor, 'node_modules'))) {
    if (each.startsWith('.') || each === 'isolated-vm') continue
    await symlink(join(executor, 'node_modules', each), join(modules, each))
  }
  return folder
}
