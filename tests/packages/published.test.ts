import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { RunningExecutor } from '@codemode/executor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { apiKey, startExecutor, transports } from '@codemode/testkit'
import { compile, install, nodes, runProgram } from './installed.ts'
import { pack } from './packed.ts'

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  target: 'es2023',
}
/** Both ends of the range of the peer `@opentelemetry/api`, with SDKs that accept them. */
const openTelemetry = [
  { node: nodes[0], api: '1.3.0', sdk: '2.12.1' },
  { node: nodes[1], api: '1.10.0', sdk: '3.1.1' },
] as const
const programs = join(import.meta.dirname, 'programs')
const firstProgram = join(import.meta.dirname, '../../examples/first-program/main.ts')
let folder: string
let executor: RunningExecutor

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codemode-packages-'))
  executor = await startExecutor()
})
afterAll(async () => {
  await executor?.close({ drainMs: 0 })
  await rm(folder, { recursive: true })
})

const folderOf = ({ version }: { readonly version: number }) => join(folder, `node-${version}`)
const variables = () => ({ CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: apiKey })

describe('the packages, installed by npm into an empty folder', () => {
  const packages = {} as Record<number, ReadonlyMap<string, number>>
  beforeAll(async () => {
    const tarballs = await pack(['@codemode/shared', '@codemode/client'], folder)
    const installing = nodes.map(async (on) => {
      const versions = openTelemetry.find(({ node }) => node === on)
      packages[on.version] = await install(folderOf(on), {
        tarballs,
        node: on.node,
        ...(versions && { dependencies: openTelemetryPackages(versions) }),
        devDependencies: { '@types/node': on.types },
      })
    })
    await Promise.all(installing)
  })

  test('make the client no larger than 20 packages and 19 MB', () => {
    const bytes = packages[26]!.values().reduce((sum, size) => sum + size, 0)
    expect(packages[26]!.size).toBeLessThanOrEqual(20)
    expect(bytes).toBeLessThan(19_000_000)
  })

  test('bring no agent framework', { tags: ['FW-1'] }, () => {
    const frameworks = packages[26]!
      .keys()
      .filter((name) => /^(ai|openai)$|^@(ai-sdk|openai|anthropic-ai|modelcontextprotocol)\//.test(name))
    expect([...frameworks]).toEqual([])
  })

  describe.each(nodes)('on Node $version', (on) => {
    test('let a strict program compile with checked libraries', async () => {
      const program = join(folderOf(on), 'program.ts')
      await copyFile(join(programs, 'program.ts'), program)
      expect(await compile(program, folderOf(on), { ...strict, module: 'nodenext' })).toBe('')
    })

    test('let that program call its tools over both transports', async () => {
      for (const { transport } of transports) {
        expect(await runProgram([on.node, join(folderOf(on), 'program.js'), transport], variables())).toEqual({
          doubled: [8, 8, 8, 8, 8],
          offered: [true, true, true, true, true],
          total: 703,
          refused: expect.stringContaining('article'),
          thrown: 'TypeError',
        })
      }
    })
  })

  test.each(nodes)('run the program of the README on Node $version', async (on) => {
    const folder = folderOf(on)
    const source = await readFile(firstProgram, 'utf8')
    const ofTest = source.replace('http://127.0.0.1:8001', executor.url).replace('try-it-out-locally', apiKey)
    await writeFile(join(folder, 'first-program.ts'), ofTest)
    const options = { ...strict, target: 'es2022', lib: ['es2023', 'esnext.disposable'], module: 'nodenext' }
    expect(await compile(join(folder, 'first-program.ts'), folder, options)).toBe('')
    expect(await runProgram([on.node, join(folder, 'first-program.js')], {})).toBe(400)
  })

  test('let that program compile as bundlers resolve', async () => {
    const bundled = { ...strict, module: 'esnext', moduleResolution: 'bundler', noEmit: true }
    expect(await compile(join(folderOf(nodes[0]), 'program.ts'), folderOf(nodes[0]), bundled)).toBe('')
  })

  test.each(openTelemetry)(
    'share version $api of the OpenTelemetry API with a program, which gets spans',
    async (on) => {
      const copies = packages[on.node.version]!.keys().filter((name) => name.endsWith('@opentelemetry/api'))
      expect([...copies]).toEqual(['@opentelemetry/api'])
      const program = join(folderOf(on.node), 'spans.js')
      await copyFile(join(programs, 'spans.js'), program)
      expect(await runProgram([on.node.node, program], variables())).toEqual({
        'codemode.execute': null,
        'codemode.request': 'codemode.execute',
        'codemode.tool': 'codemode.execute',
      })
    },
  )
})

function openTelemetryPackages({ api, sdk }: { readonly api: string; readonly sdk: string }): Record<string, string> {
  return {
    '@opentelemetry/api': api,
    '@opentelemetry/context-async-hooks': sdk,
    '@opentelemetry/sdk-trace': sdk,
  }
}
