import { readFileSync } from 'node:fs'

import { tool, type JsonObject, type Tool } from '@codemode/client'

interface CataloguedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
}

/** Returns the 500 tools of `catalogues/github.json`, whose handlers return their input. */
export function githubTools(): Record<string, Tool> {
  const path = new URL('catalogues/github.json', import.meta.url)
  const listed = JSON.parse(readFileSync(path, 'utf8')) as readonly CataloguedTool[]
  return Object.fromEntries(
    listed.map(({ name, description, inputSchema }) => [
      name,
      tool({ description, inputSchema, execute: (input) => input }),
    ]),
  )
}
