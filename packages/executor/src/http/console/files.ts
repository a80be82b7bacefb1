import type { ConsoleAssets } from '@codemode/console'
import type { Handler } from 'hono'

import type { HttpEnv } from '../http-context.ts'
import { setResponseHeader } from '../response-header.ts'

interface ServeFilesOptions {
  readonly loadAssets: () => Promise<ConsoleAssets>
  readonly basePath: string
}

/** Handles GET below the console's path: responds with a file, and for any other path with the page. */
export function serveFiles({ loadAssets, basePath }: ServeFilesOptions): Handler<HttpEnv> {
  let loading: Promise<ConsoleAssets> | undefined
  return async function serveFiles(c) {
    const assets = await (loading ??= loadAssets())
    const file = assets.files.get(c.req.path.slice(basePath.length + 1))
    if (file === undefined) return c.html(assets.page({ basePath }))
    setResponseHeader(c, 'cache-control', 'public, max-age=31536000, immutable')
    return c.body(file.content, 200, { 'content-type': file.contentType })
  }
}
