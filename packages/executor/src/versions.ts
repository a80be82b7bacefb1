import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { resolve } = createRequire(import.meta.url)

/** The version of this package. */
export const executorVersion = versionIn(new URL('../package.json', import.meta.url))

/** The version of isolated-vm that the sandbox processes load. */
export const isolatedVmVersion = versionIn(resolve('isolated-vm/package.json'))

function versionIn(path: string | URL): string {
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
