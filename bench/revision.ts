/** Checks out another revision of this repository, to measure it in the same run (`--against`). */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import type { Codemode } from '@codemode/client'

/** Path of this tree. */
export const repository = fileURLToPath(new URL('..', import.meta.url))

/** Another revision of this repository, set up in a folder of its own; disposing it removes the folder. */
export interface Revision extends AsyncDisposable {
  readonly name: string
  readonly root: string
  /** Loads the revision's own client, for a revision whose protocol the current client does not speak. */
  client(): Promise<typeof Codemode>
}

/** Clones this repository at a revision, and sets it up with its own `npm run setup`. */
export async function checkOut(name: string): Promise<Revision> {
  const commit = run('git', ['rev-parse', '--verify', `${name}^{commit}`], repository).trim()
  const folder = await mkdtemp(join(tmpdir(), 'codemode-bench-'))
  const root = join(folder, 'checkout')
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    run('git', ['clone', '--quiet', '--shared', '--no-checkout', repository, root], repository)
    run('git', ['checkout', '--quiet', '--detach', commit], root)
    run('npm', ['run', '--silent', 'setup'], root)
  } catch (error) {
    await remove()
    throw error
  }
  return {
    name: `${name} (${commit.slice(0, 7)})`,
    root,
    async client() {
      const file = pathToFileURL(join(root, 'packages/client/src/index.ts')).href
      return ((await import(file)) as { Codemode: typeof Codemode }).Codemode
    },
    [Symbol.asyncDispose]: remove,
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
