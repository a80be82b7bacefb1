import type { ConsoleAssets } from '@codemode/console'
import type { Handler } from 'hono'

import type { HttpEnv } from '../http-context.ts'
import { setResponseHeader } from '../response-header.ts'

interface ServeFilesOptions {
  readonly loadAssets: () => Promise<ConsoleAssets>
  readonly basePath: string
}

/** Name of a file: pages have paths without an extension, or with a `/`. */
const fileName = /^[^/]+\.\w+$/

/**
 * Handles GET below the console's path: responds with a file, and for the path of a page with the page. A file that
 * the console does not have, such as one of another version, is not found.
 */
export function serveFiles({ loadAssets, basePath }: ServeFilesOptions): Handler<HttpEnv> {
  let loading: Promise<ConsoleAssets> | undefined
  return async function serveFiles(c) {
    loading ??= loadAssets().catch((error: unknown) => {
      // The next request tries again.
      loading = undefined
      throw error
    })
    const assets = await loading
    const name = c.req.path.slice(basePath.length + 1)
    const file = assets.files.get(name)
    if (file === undefined) return fileName.test(name) ? c.notFound() : c.html(assets.page({ basePath }))
    setResponseHeader(c, 'cache-control', 'public, max-age=31536000, immutable')
    return c.body(file.content, 200, { 'content-type': file.contentType })
  }
}
