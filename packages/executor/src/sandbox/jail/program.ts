import { realpathSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Files that a sandbox process may read, and the module to start. */
interface SandboxProgram {
  /** Path of the module to run. */
  readonly entry: string
  /** Folders and files of the host, by their path in a jail that has its own file system. */
  readonly parts: Readonly<Record<string, string>>
  /** Symbolic links by which the parts find each other where they are installed. */
  readonly links: readonly string[]
}

const sandboxFolder = join(import.meta.dirname, '..')
const isolatedVm = packageFolder('isolated-vm', import.meta.url)
const nodeGypBuild = packageFolder('node-gyp-build', pathToFileURL(join(isolatedVm.real, 'package.json')).href)
const acorn = packageFolder('acorn', import.meta.url)

/** Path of the module of a sandbox process, relative to the sandbox folder. */
export const entryName = `child/main${extname(import.meta.filename)}`

/** Program of a sandbox process: this folder, and the packages that it imports. */
export const sandboxProgram: SandboxProgram = {
  entry: join(sandboxFolder, entryName),
  parts: {
    'package.json': join(packageFolder('..', import.meta.url).real, 'package.json'),
    sandbox: sandboxFolder,
    'node_modules/isolated-vm': isolatedVm.real,
    'node_modules/node-gyp-build': nodeGypBuild.real,
    'node_modules/acorn': acorn.real,
  },
  links: [isolatedVm, nodeGypBuild, acorn].map(({ installed }) => installed),
}

/** Returns a package's folder as it is found from a module, and with the package manager's symbolic links resolved. */
function packageFolder(specifier: string, from: string): { installed: string; real: string } {
  // As a named import, the function would keep older Nodes from loading any module, and so from the message about their version.
  const found = nodeModule.findPackageJSON(specifier, from)
  if (found === undefined) throw new Error(`The package ${specifier} is not installed`)
  const installed = dirname(found)
  return { installed, real: realpathSync(installed) }
}
