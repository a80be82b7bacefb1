import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { PublishedPackage } from '../../scripts/release/published-packages.ts'
import { stagePackage } from '../../scripts/release/stage.ts'

/** Origin of the packed packages, in place of the repository that a release is made from. */
export const origin = { repository: 'https://git.example/codemode', commit: '0123abc' }

/** Packages that the executor consists of. */
export const executorPackages = ['@codemode/shared', '@codemode/console', '@codemode/executor'] as const

/** Packed package. */
export interface Tarball {
  readonly name: PublishedPackage
  /** Path of the file. */
  readonly path: string
  /** Folder from which it was packed. */
  readonly staged: string
  /** Paths of the files in it. */
  readonly files: readonly string[]
}

/** Packs built packages with npm, as a release does. */
export async function pack(names: readonly PublishedPackage[], folder: string): Promise<Tarball[]> {
  await mkdir(join(folder, 'staged'))
  const staged = names.map((name) => stagePackage(name, join(folder, 'staged'), origin))
  const args = ['pack', ...staged, '--json', '--pack-destination', folder]
  const { stdout } = await promisify(execFile)('npm', args, { maxBuffer: 100_000_000 })
  const packed = Object.values<{ filename: string; files: { path: string }[] }>(JSON.parse(stdout))
  return names.map((name, index) => {
    const { filename, files } = packed[index]!
    return { name, path: join(folder, filename), staged: staged[index]!, files: files.map(({ path }) => path) }
  })
}
