import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import type { Tarball } from './packed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** Node versions that the client supports: major version, path of the binary, and the version of their types. */
export const nodes = [
  { version: 22, node: join(import.meta.dirname, 'node_modules/node-22/bin/node'), types: '22.20.7' },
  { version: 24, node: join(import.meta.dirname, 'node_modules/node-24/bin/node'), types: '24.19.4' },
  { version: 26, node: execPath, types: '26.6.6' },
] as const

/** Project of a user. */
export interface Project {
  readonly tarballs: readonly Tarball[]
  /** Node that runs npm; an engine that does not fit is an error. */
  readonly node: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/**
 * Installs tarballs into an empty folder with npm. Resolves with all installed packages but development dependencies, and
 * the bytes of their files. The packages' own dependencies get the lowest versions of their ranges, which are those that the
 * workspace's lock file has, so a new release of a dependency changes no test.
 */
export async function install(folder: string, project: Project): Promise<ReadonlyMap<string, number>> {
  const { tarballs, node, dependencies = {}, devDependencies = {} } = project
  const files = tarballs.map(({ name, path }) => [name, `file:${path}`])
  const overrides = await lowestVersions(tarballs)
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { ...Object.fromEntries(files), ...dependencies },
    devDependencies,
    overrides,
  }
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  const options = [
    '--prefix',
    folder,
    '--engine-strict',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ]
  const path = `${dirname(node)}:${env['PATH']}`
  await run('npm', ['install', ...options], { cwd: folder, env: { ...env, PATH: path } })
  return packagesIn(folder)
}

/** Versions of TypeScript that the types of the client support: the oldest one, and that of the workspace. */
export const compilers = {
  oldest: join(import.meta.dirname, 'node_modules/typescript-5.5/bin/tsc'),
  current: join(root, 'node_modules/typescript/bin/tsc'),
}

/** Compiles programs in that folder; resolves with the compiler's errors. */
export async function compile(
  programs: string | readonly string[],
  folder: string,
  { compiler = compilers.current, ...options }: Readonly<Record<string, unknown>> & { readonly compiler?: string },
): Promise<string> {
  const config = { compilerOptions: { types: ['node'], ...options }, files: [programs].flat() }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  return run(execPath, [compiler, '-p', folder]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
}

/** Runs a program with exactly these variables, and parses its output as JSON. */
export async function runProgram(
  command: readonly [node: string, ...args: string[]],
  variables: Readonly<Record<string, string>>,
): Promise<unknown> {
  const [node, ...args] = command
  const { stdout } = await run(node, args, { env: { ...variables } })
  return JSON.parse(stdout)
}

async function lowestVersions(tarballs: readonly Tarball[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {}
  for (const { staged } of tarballs) {
    const { dependencies } = JSON.parse(await readFile(join(staged, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    for (const [name, range] of Object.entries(dependencies)) {
      if (range.startsWith('^')) versions[name] = range.slice(1)
    }
  }
  return versions
}

async function packagesIn(folder: string): Promise<Map<string, number>> {
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
  const sizes = new Map<string, number>()
  for (const [path, { dev }] of Object.entries<{ dev?: boolean }>(lock.packages)) {
    if (path === '' || dev === true) continue
    // Packages for other machines are listed, and not installed.
    if (!existsSync(join(folder, path))) continue
    let bytes = 0
    for (const file of await readdir(join(folder, path), { recursive: true, withFileTypes: true })) {
      const own = !relative(join(folder, path), file.parentPath).startsWith('node_modules')
      if (own && file.isFile()) bytes += (await stat(join(file.parentPath, file.name))).size
    }
    sizes.set(path.replace('node_modules/', ''), bytes)
  }
  return sizes
}
