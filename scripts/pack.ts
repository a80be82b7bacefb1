/**
 * Packs the built packages as they are published, for a project of one's own before they are on npm:
 * `npm run pack -- FOLDER`. Prints the paths of the tarballs.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'

import { publishedPackages } from './release/published-packages.ts'
import { stagePackage } from './release/stage.ts'

const [, , destination] = process.argv
if (destination === undefined) {
  process.stderr.write('Name the folder for the tarballs: npm run pack -- ../tarballs\n')
  process.exit(2)
}
const folder = resolve(destination)
mkdirSync(folder, { recursive: true })
const staging = mkdtempSync(join(tmpdir(), 'codemode-pack-'))
try {
  // The address of the repository is known to a release only; it takes the place of this one in links and manifests.
  const origin = { repository: 'https://repository.invalid', commit: 'HEAD' }
  for (const name of publishedPackages) {
    const staged = stagePackage(name, staging, origin)
    const file = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder, staged], { encoding: 'utf8' })
    process.stdout.write(`${join(folder, file.trim())}\n`)
  }
} finally {
  rmSync(staging, { recursive: true })
}
