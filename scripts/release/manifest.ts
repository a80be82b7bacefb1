import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { PublishedPackage } from './published-packages.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Manifest of a package, as far as publishing it needs to know. */
interface Manifest {
  readonly version: string
  readonly scripts?: unknown
  readonly devDependencies?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Returns the version of a package of the workspace. */
export function versionOf(name: string): string {
  return readManifest(name).version
}

/**
 * Returns the manifest that is published: dependencies on packages of the workspace have their exact version, and the
 * repository has the address that a release is made from, which npm compares with the provenance.
 */
export function publishedManifest(name: PublishedPackage, repository: string): object {
  const { devDependencies: _, dependencies = {}, ...manifest } = readManifest(name)
  const versions = Object.entries(dependencies).map(([dependency, range]) => {
    return [dependency, range === 'workspace:*' ? versionOf(dependency) : range]
  })
  return {
    ...manifest,
    homepage: `${repository}#readme`,
    bugs: { url: `${repository}/issues` },
    repository: { type: 'git', url: `git+${repository}.git`, directory: `packages/${basename(name)}` },
    dependencies: Object.fromEntries(versions),
  }
}

function readManifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', basename(name), 'package.json'), 'utf8')) as Manifest
}
