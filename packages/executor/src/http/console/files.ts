import type { Handler } from 'hono'

import type { HttpEnv } from '../http-context.ts'
import { setResponseHeader } from '../response-header.ts'
import type { ConsoleAssets } from './assets.ts'

interface ServeFilesOptions {
  readonly assets: ConsoleAssets
  readonly basePath: string
}

/** Handles GET below the console's path: responds with a file, and for any other path with the page. */
export function serveFiles({ assets, basePath }: ServeFilesOptions): Handler<HttpEnv> {
  const page = assets.page({ basePath })
  return function serveFiles(c) {
    const file = assets.files.get(c.req.path.slice(basePath.length + 1))
    if (file === undefined) return c.html(page)
    setResponseHeader(c, 'cache-control', 'public, max-age=31536000, immutable')
    return c.body(file.content, 200, { 'content-type': file.contentType })
  }
}
