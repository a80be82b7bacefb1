import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import type { RunningExecutor } from '@codemode/executor'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { apiKey, startExecutor, transports } from '@codemode/testkit'
import { compile, install, nodes, pack, runProgram } from './installed.ts'

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  target: 'es2023',
}
const names = ['@codemode/shared', '@codemode/client', '@codemode/console', '@codemode/executor'] as const
const tarballs = {} as Record<(typeof names)[number], string>
let folder: string
let executor: RunningExecutor

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codemode-packages-'))
  for (const name of names) tarballs[name] = await pack(name, folder)
  executor = await startExecutor()
})
afterAll(async () => {
  await executor?.close({ drainMs: 0 })
  await rm(folder, { recursive: true })
})

describe.each(names)('the tarball of %s', (name) => {
  test('passes publint without a message', async () => {
    const tarball = await readFile(tarballs[name])
    expect((await publint({ pack: { tarball: tarball.buffer }, strict: true })).messages).toEqual([])
  })

  test('has types that resolve in every way of ES modules', async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(tarballs[name])))
    if (!result.types) throw new Error('it has no types')
    const esmOnly = result.problems.filter(
      (problem) => !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)),
    )
    expect(esmOnly).toEqual([])
  })
})

const folderOf = ({ version }: { readonly version: number }) => join(folder, `node-${version}`)

describe('the packages, installed by npm into an empty folder', () => {
  let packages: ReadonlyMap<string, number>
  beforeAll(async () => {
    const { '@codemode/executor': _, ...library } = tarballs
    for (const on of nodes) packages = await install(library, folderOf(on), on.node)
  })

  test('make the client no larger than 20 packages and 19 MB', () => {
    const bytes = packages.values().reduce((sum, size) => sum + size, 0)
    expect(packages.size).toBeLessThanOrEqual(20)
    expect(bytes).toBeLessThan(19_000_000)
  })

  test('bring no agent framework', { tags: ['FW-1'] }, () => {
    const frameworks = packages
      .keys()
      .filter((name) => /^(ai|openai)$|^@(ai-sdk|openai|anthropic-ai|modelcontextprotocol)\//.test(name))
    expect([...frameworks]).toEqual([])
  })

  test('let a strict program compile, with checked libraries, as Node and as bundlers resolve', async () => {
    const bundled = { ...strict, module: 'esnext', moduleResolution: 'bundler', noEmit: true }
    expect(await compile(folderOf(nodes[0]), bundled)).toBe('')
    expect(await compile(folderOf(nodes[0]), { ...strict, module: 'nodenext', outDir: folder })).toBe('')
  })

  test.each(nodes)('let that program call its tools over both transports on Node $version', async (on) => {
    const program = join(folderOf(on), 'program.js')
    await copyFile(join(folder, 'program.js'), program)
    const variables = { CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: apiKey }
    for (const { transport } of transports) {
      expect(await runProgram([on.node, program, transport], variables)).toEqual({
        doubled: [8, 8, 8, 8, 8],
        offered: [true, true, true, true, true],
        total: 703,
        refused: expect.stringContaining('article'),
        thrown: 'TypeError',
      })
    }
  })
})
