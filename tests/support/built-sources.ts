import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import type { Plugin } from 'vitest/config'

/**
 * Plugin by which an import of a source of a package, by its path, gets what was built of it if there is something: it loads
 * faster, and so do the processes that it starts.
 */
export function builtSources(): Plugin {
  return {
    name: 'built-sources',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!source.startsWith('.') || importer === undefined) return null
      const path = resolve(dirname(importer), source)
      const built = path.replace(/(\/packages\/\w+)\/src\/(.+)\.ts$/, '$1/dist/$2.js')
      return built !== path && existsSync(built) ? built : null
    },
  }
}
