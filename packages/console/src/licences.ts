import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Metafile } from 'esbuild'

/** Returns the names, versions and licence texts of the packages that are in a bundle. Throws for a package without one. */
export function licencesOf({ outputs }: Metafile): string {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  const texts = [...new Set(folders)].map((folder) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string }
    const [licence] = globSync('LICENSE*', { cwd: folder })
    if (licence === undefined) throw new Error(`${manifest.name} is bundled and has no file of its licence`)
    return `${manifest.name} ${manifest.version}\n\n${readFileSync(join(folder, licence), 'utf8').trim()}\n`
  })
  return texts.sort().join(`\n${'-'.repeat(80)}\n\n`)
}
