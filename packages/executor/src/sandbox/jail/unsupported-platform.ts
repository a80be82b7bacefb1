import { createRequire } from 'node:module'
import { join } from 'node:path'

import { sandboxProgram } from './program.ts'

/**
 * Returns a description of this machine's platform, libc and Node with its ABI, if isolated-vm has no binary for them; undefined if
 * it has one. Does not load the binary.
 */
export function unsupportedPlatform(): string | undefined {
  const folder = sandboxProgram.parts['node_modules/isolated-vm']!
  const loader = createRequire(join(folder, 'package.json'))('node-gyp-build') as { path(folder: string): string }
  try {
    loader.path(folder)
    return undefined
  } catch (error) {
    // The other lines have paths of this machine.
    const [line = ''] = (error as Error).message.split('\n')
    return line.replace('No native build was found for ', '')
  }
}
