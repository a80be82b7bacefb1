import { readdirSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { cwd, execPath } from 'node:process'

/** Top-level directories of Linux and macOS, which are recognised on every platform. */
const usualRoots =
  'Applications Library Network System Users Volumes bin boot cores dev etc home lib lib32 lib64 mnt nix opt private proc root run sbin snap srv sys tmp usr var'

/** Names of top-level directories, read once, when the first text is cleaned. */
let roots: ReadonlySet<string> | undefined

/** Returns whether a name is one of a top-level directory of a host: a usual one, or one of this machine. */
export function isHostRoot(name: string): boolean {
  roots ??= new Set([...usualRoots.split(' '), ...namesInRoot(), ...rootsInUse()])
  return roots.has(name)
}

/** Returns the names in the root directory; none if the process may not read it, as under Node's permission model. */
function namesInRoot(): string[] {
  try {
    return readdirSync('/')
  } catch {
    return []
  }
}

/** Returns the top-level directories of the paths that this process uses. */
function rootsInUse(): string[] {
  return [cwd, homedir, tmpdir, () => execPath, () => import.meta.dirname].flatMap((pathOf) => {
    try {
      return /^\/+([^/]+)/.exec(pathOf())?.[1] ?? []
    } catch {
      // The current directory may have been removed, and a user may have no home.
      return []
    }
  })
}
