/**
 * Publishes the built packages whose versions the registry does not have, and tags them: `.github/workflows/release.yml`
 * runs it. The workflow's variables name the repository and the commit, which npm compares with the provenance.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'

import { versionOf } from './manifest.ts'
import { publishedPackages } from './published-packages.ts'
import { stagePackage } from './stage.ts'

const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name, GITHUB_SHA: commit } = env
if (server === undefined || name === undefined || commit === undefined) {
  throw new Error('Releases are made by the workflow release.yml, which sets GITHUB_SERVER_URL, _REPOSITORY and _SHA.')
}
const folder = mkdtempSync(join(tmpdir(), 'codemode-release-'))
try {
  for (const published of publishedPackages) {
    const staged = stagePackage(published, folder, { repository: `${server}/${name}`, commit })
    if (!isOnRegistry(`${published}@${versionOf(published)}`)) {
      execFileSync('npm', ['publish', staged], { stdio: 'inherit' })
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
// The workflow makes releases of the tags that this prints.
execFileSync('npx', ['changeset', 'git-tag'], { stdio: 'inherit' })

/** Returns whether the registry has this version of a package. Throws if the registry can't be asked. */
function isOnRegistry(version: string): boolean {
  const { status, stdout } = spawnSync('npm', ['view', version, 'version', '--json'], { encoding: 'utf8' })
  if (status === 0) return stdout.trim() !== ''
  const { error } = JSON.parse(stdout) as { error: { code: string; summary: string } }
  if (error.code === 'E404') return false
  throw new Error(`The registry did not answer for ${version}: ${error.summary}`)
}
