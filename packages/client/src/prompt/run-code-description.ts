/** Maximum length of the description: some endpoints refuse tools with longer ones. */
export const maxDescriptionChars = 1_000

const rules = `Runs a JavaScript or TypeScript program in a sandbox, and returns its value, log and errors.
- There is no network, no files, no import and no require: only the language and tools.
- Call a tool with one object: await tools.name({ field: value }). Await every call; run independent ones with Promise.all.
- Outputs are plain JSON. A failed call throws a ToolError with code, message and data.
- Use loops and conditions instead of many small programs. Return what you need to know, as JSON, and not all of the data.
- If it fails, read the error and the hint, correct the program and send all of it again.`

/** Returns the description of `run_code` for a model: the rules in short, and the names of the tools while they fit. */
export function runCodeDescription(toolNames: readonly string[]): string {
  if (toolNames.length === 0) return `${rules}\n- There are no tools.`
  const listed = `${rules}\nTools: ${toolNames.toSorted().join(', ')}`
  return listed.length <= maxDescriptionChars ? listed : `${rules}\nThere are ${toolNames.length} tools.`
}
