/** Installs the peers outside the workspace, so that none of them is a dependency of this repository. */
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import manifest from '../../package.json' with { type: 'json' }

const run = promisify(execFile)
const servers = fileURLToPath(new URL('servers', import.meta.url))
const cache = join(homedir(), '.cache', 'codemode-bench')

const { 'isolated-vm': isolatedVm, hono, '@hono/node-server': honoServer } = manifest.devDependencies

/** Packages of the peers, at exact versions; isolated-vm and hono are those of this workspace. */
const versions = {
  workerd: '1.20261117.1',
  '@cloudflare/codemode': '0.5.6',
  '@utcp/code-mode': '1.2.12',
  '@utcp/sdk': '1.1.2',
  run: '2.1.5',
  esbuild: '0.28.2',
  'isolated-vm': isolatedVm,
  hono,
  '@hono/node-server': honoServer,
} as const

/** Packages of the peers with their versions, as one line. */
export const versionList = Object.entries(versions)
  .map(([name, version]) => `${name} ${version}`)
  .join(', ')

/** Peers as installed: the folder with their servers, and the program of workerd. */
export interface Installation {
  readonly folder: string
  readonly workerd: string
}

/**
 * Installs the peers with npm into the user's cache folder, or takes what an earlier run has installed there, and copies
 * their servers into it. Another set of versions gets another folder.
 */
export async function installPeers(): Promise<Installation> {
  const folder = join(cache, `peers-${hash('sha256', JSON.stringify(versions), 'hex').slice(0, 12)}`)
  if (!existsSync(folder)) await install(folder)
  await cp(servers, folder, { recursive: true })
  const installed = createRequire(join(folder, 'package.json'))
  await bundleWorker(folder, installed.resolve('esbuild'))
  return { folder, workerd: (installed('workerd') as { default: string }).default }
}

/** Installs into a temporary folder and renames it, so that an installation that was interrupted is not used. */
async function install(folder: string): Promise<void> {
  console.log(`Installing the peers into ${folder}`)
  await mkdir(cache, { recursive: true })
  const temporary = await mkdtemp(`${folder}-`)
  try {
    const manifest = { name: 'codemode-bench-peers', private: true, type: 'module', dependencies: versions }
    await writeFile(join(temporary, 'package.json'), JSON.stringify(manifest, null, 2))
    // UTCP's code mode declares isolated-vm 6 as its peer dependency, which has no binary for this version of Node.
    const options = ['--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']
    await run('npm', ['install', ...options], { cwd: temporary })
    await rename(temporary, folder).catch((error: unknown) => {
      // Another bench may have installed the same at the same time.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function bundleWorker(folder: string, esbuild: string): Promise<void> {
  const options = {
    entryPoints: ['worker.mjs'],
    outfile: 'worker.js',
    absWorkingDir: folder,
    bundle: true,
    format: 'esm',
    external: ['cloudflare:*', 'node:*'],
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'error',
  }
  const program = `require(${JSON.stringify(esbuild)}).buildSync(${JSON.stringify(options)})`
  await run(execPath, ['--input-type=commonjs', '--eval', program], { cwd: folder })
}
