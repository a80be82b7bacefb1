/**
 * Writes a built package as it is published. The folder differs from the package's own: its manifest names the repository, it
 * has the licence, those of the client and the executor have the guides, and links that would leave it lead to the repository.
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { replaceLinks } from './links.ts'
import { publishedManifest } from './manifest.ts'
import type { PublishedPackage } from './published-packages.ts'

/** Packages that a newcomer installs first. */
const withGuides: readonly PublishedPackage[] = ['@codemode/client', '@codemode/executor']

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Origin of a release. */
export interface ReleaseOrigin {
  /** Address of the repository, such as `https://github.com/owner/name`. */
  readonly repository: string
  /** Commit to which links to the repository lead. */
  readonly commit: string
}

/** Writes a built package into a new folder inside `parent`, and returns the folder's path. */
export function stagePackage(name: PublishedPackage, parent: string, { repository, commit }: ReleaseOrigin): string {
  const folder = join(parent, basename(name))
  const home = `packages/${basename(name)}`
  mkdirSync(folder, { recursive: true })
  for (const part of ['dist', 'src', 'CHANGELOG.md']) {
    const from = join(root, home, part)
    if (existsSync(from)) cpSync(from, join(folder, part), { recursive: true })
  }
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(publishedManifest(name, repository), undefined, 2)}\n`)

  const documents = [join(home, 'README.md'), ...(withGuides.includes(name) ? guides() : [])]
  const inPackage = (path: string) => path.replace(`${home}/`, '')
  const isPacked = (path: string) => documents.includes(path) || path.startsWith(`${home}/src/`)
  for (const path of documents) {
    const file = inPackage(path)
    const up = '../'.repeat(file.split('/').length - 1)
    const targetOf = (target: string) =>
      isPacked(target) ? up + inPackage(target) : `${repository}/blob/${commit}/${target}`
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), replaceLinks(readFileSync(join(root, path), 'utf8'), { path, targetOf }))
  }
  return folder
}

function guides(): string[] {
  return globSync('docs/**/*.{md,txt}', { cwd: root, exclude: ['docs/reference'] })
}
