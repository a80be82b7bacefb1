import type { ToolDeclaration } from '@codemode/shared'

import { declarationsOf } from './declarations/declarations.ts'

/** Options of the description. */
export interface DescriptionOptions {
  /** Place of the declarations of the tools: `description` adds them to the description. By default only the prompt has them. */
  readonly declarations?: 'description' | undefined
  /** Maximum length of the declarations in the description, in characters; no limit by default. */
  readonly budget?: number | undefined
}

/** Maximum length of the description: some endpoints refuse tools with longer ones. */
const maxDescriptionChars = 1_000

const rules = `Runs a JavaScript or TypeScript program in a sandbox, and returns its value, log and errors.
- There is no network, no files, no import and no require: only the language and tools.
- Call a tool with one object: await tools.name({ field: value }). Await every call; run independent ones with Promise.all.
- Outputs are plain JSON. A failed call throws a ToolError with code, message and data.
- Use loops and conditions instead of many small programs. Return what you need to know, as JSON, and not all of the data.
- Find tools: await tools.$search('words') gives names and types, tools.$describe(name) all about one, tools.$list() all names.
- If it fails, read the error and the hint, correct the program and send all of it again.`

/** Returns the description of `run_code` for a model: the rules in short, and the names of the tools while they fit. */
export function runCodeDescription(
  tools: readonly ToolDeclaration[],
  { declarations, budget }: DescriptionOptions = {},
): string {
  if (tools.length === 0) return `${rules}\n- There are no tools.`
  if (declarations === 'description') return `${rules}\n\n${declarationsOf(tools, budget)}`
  const names = tools.map(({ name }) => name).toSorted()
  const listed = `${rules}\nTools: ${names.join(', ')}`
  return listed.length <= maxDescriptionChars ? listed : `${rules}\nThere are ${tools.length} tools.`
}
