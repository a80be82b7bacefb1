import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const workspace = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

/** Node versions that the client supports: major version, and path of the binary. */
export const nodes = [
  { version: 22, node: join(import.meta.dirname, 'node_modules/node-22/bin/node') },
  { version: 24, node: join(import.meta.dirname, 'node_modules/node-24/bin/node') },
  { version: 26, node: execPath },
] as const

/** Packs the built package as for publishing; resolves with the path of the tarball. */
export async function pack(name: string, folder: string): Promise<string> {
  const [pnpm] = /pnpm@[\d.]+/.exec(workspace.scripts.setup)!
  const args = ['--yes', pnpm, 'pack', '--config.ignore-scripts=true', '--json', '--pack-destination', folder]
  const { stdout } = await run('npx', args, { cwd: join(root, 'packages', basename(name)) })
  return JSON.parse(stdout.slice(stdout.indexOf('\n{') + 1)).filename
}

/**
 * Installs the tarballs into an empty folder with npm, run by that Node; an engine that does not fit is an error.
 * Resolves with all installed packages and the bytes of their files.
 */
export async function install(
  tarballs: Readonly<Record<string, string>>,
  folder: string,
  node: string,
): Promise<ReadonlyMap<string, number>> {
  const dependencies = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]))
  const devDependencies = { '@types/node': workspace.devDependencies['@types/node'] }
  const manifest = { private: true, type: 'module', dependencies, devDependencies }
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  const options = ['--prefix', folder, '--engine-strict', '--no-audit', '--no-fund', '--prefer-offline']
  const path = `${dirname(node)}:${env['PATH']}`
  await run('npm', ['install', ...options], { cwd: folder, env: { ...env, PATH: path } })
  return packagesIn(folder)
}

/** Compiles `program.ts` in that folder with the workspace's TypeScript; resolves with the compiler's errors. */
export async function compile(folder: string, options: object): Promise<string> {
  await copyFile(join(import.meta.dirname, 'program.ts'), join(folder, 'program.ts'))
  const config = { compilerOptions: { types: ['node'], ...options }, files: ['program.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  return run(execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
}

/** Runs a program with exactly these variables, and parses its output as JSON. */
export async function runProgram(
  command: readonly [node: string, program: string, ...args: string[]],
  variables: Readonly<Record<string, string>>,
): Promise<unknown> {
  const [node, ...args] = command
  const { stdout } = await run(node, args, { env: { ...variables } })
  return JSON.parse(stdout)
}

async function packagesIn(folder: string): Promise<Map<string, number>> {
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
  const sizes = new Map<string, number>()
  for (const [path, { dev }] of Object.entries<{ dev?: boolean }>(lock.packages)) {
    if (path === '' || dev === true) continue
    let bytes = 0
    for (const file of await readdir(join(folder, path), { recursive: true, withFileTypes: true })) {
      const own = !relative(join(folder, path), file.parentPath).startsWith('node_modules')
      if (own && file.isFile()) bytes += (await stat(join(file.parentPath, file.name))).size
    }
    sizes.set(path.replace('node_modules/', ''), bytes)
  }
  return sizes
}
