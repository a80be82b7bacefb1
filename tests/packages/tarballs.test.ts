import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { brokenLinks } from '../../scripts/docs/broken-links.ts'
import { readDocument } from '../../scripts/docs/document.ts'
import { publishedPackages, type PublishedPackage } from '../../scripts/release/published-packages.ts'
import { origin, pack, type Tarball } from './packed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
const tarballs = {} as Record<PublishedPackage, Tarball>
/** A registry that has no package, for `npm publish --dry-run`, which asks for the versions that exist. */
let registry: Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codemode-tarballs-'))
  for (const tarball of await pack(publishedPackages, folder)) tarballs[tarball.name] = tarball
  registry = createServer((_, response) => response.writeHead(404).end('{}')).listen(0, '127.0.0.1')
})
afterAll(async () => {
  registry.close()
  await rm(folder, { recursive: true })
})

describe.each(publishedPackages)('the tarball of %s', (name) => {
  test('passes publint without a message', async () => {
    const tarball = await readFile(tarballs[name].path)
    expect((await publint({ pack: { tarball: tarball.buffer }, strict: true })).messages).toEqual([])
  })

  test('has types that resolve in every way of ES modules', async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(tarballs[name].path)))
    if (!result.types) throw new Error('it has no types')
    const esmOnly = result.problems.filter(
      (problem) => !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)),
    )
    expect(esmOnly).toEqual([])
  })

  test('is accepted by npm publish, which corrects nothing in its manifest', async () => {
    const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`
    const args = ['publish', tarballs[name].path, '--dry-run', '--registry', url]
    const { stdout, stderr } = await promisify(execFile)('npm', args)
    expect(stdout).toBe(`+ ${name}@${manifestOf(name).version}\n`)
    expect(stderr).not.toContain('auto-corrected')
  })

  test('has the build, the sources without tests, a README, the licence and the changes', () => {
    const others = tarballs[name].files.filter((path) => !/^(dist|src|docs)\//.test(path))
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    const unwanted = /\.test\.|test-support|tsbuildinfo|^src\/testing|node_modules/
    expect(tarballs[name].files.filter((path) => unwanted.test(path))).toEqual([])
    expect(tarballs[name].files.filter((path) => /^dist\/.*\.js$/.test(path))).not.toEqual([])
  })

  test('has the source of every source map', () => {
    const { files, staged } = tarballs[name]
    for (const path of files.filter((file) => file.endsWith('.map'))) {
      const { sources } = JSON.parse(readFileSync(join(staged, path), 'utf8')) as { sources: string[] }
      for (const source of sources) expect(files).toContain(join(path, '..', source))
    }
  })

  test('has only links that lead to a file in it or in the repository', () => {
    const { files, staged } = tarballs[name]
    const documents = files.filter((path) => /\.(md|txt)$/.test(path)).map((path) => readDocument(join(staged, path)))
    expect(documents.flatMap(brokenLinks)).toEqual([])
    const start = `](${origin.repository}/blob/${origin.commit}/`
    for (const line of documents.flatMap(({ prose }) => prose)) {
      for (const link of line.split(start).slice(1)) expect(join(root, /^[^)#]*/.exec(link)![0])).toSatisfy(existsSync)
    }
  })

  test('names its repository, and the exact versions of the other packages', () => {
    const { dependencies, ...manifest } = manifestOf(name)
    expect(manifest).toMatchObject({
      repository: { type: 'git', url: `git+${origin.repository}.git`, directory: `packages/${name.split('/')[1]}` },
      bugs: { url: `${origin.repository}/issues` },
      homepage: `${origin.repository}#readme`,
      publishConfig: { access: 'public', provenance: true },
    })
    expect(manifest).not.toHaveProperty('devDependencies')
    for (const [dependency, range] of Object.entries(dependencies)) {
      expect(range).toMatch(dependency.startsWith('@codemode/') ? /^\d+\.\d+\.\d+$/ : /^\^\d+\.\d+\.\d+$/)
    }
  })
})

test('the tarball of the console has the licences of the packages that are bundled into its script', async () => {
  const text = await readFile(join(tarballs['@codemode/console'].staged, 'dist/app/LICENSES.txt'), 'utf8')
  expect(text.match(/^\S+(?= \d+\.\d+\.\d+$)/gm)).toEqual(['@tanstack/virtual-core', 'preact', 'preact-iso'])
  expect(text.match(/Permission is hereby granted/g)).toHaveLength(3)
})

test.each(['@codemode/client', '@codemode/executor'] as const)('the tarball of %s has the guides', (name) => {
  expect(tarballs[name].files).toEqual(expect.arrayContaining(['docs/README.md', 'docs/llms.txt']))
})

function manifestOf(name: PublishedPackage): { version: string; dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(tarballs[name].staged, 'package.json'), 'utf8'))
}
