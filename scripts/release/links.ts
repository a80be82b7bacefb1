import { posix } from 'node:path'

/** Code, which has no links, or the target of a relative link without its anchor. */
const codeOrTarget = /^```[^]*?^```$|`[^`\n]*`|(?<=\]\()(?![a-z]+:|#)[^)\s#]+(?=[)#])/gm

/**
 * Returns a Markdown text with other link targets. `targetOf` gets the path of each relative target from the root of the
 * repository, and returns the new target.
 */
export function replaceLinks(
  text: string,
  { path, targetOf }: { readonly path: string; readonly targetOf: (path: string) => string },
): string {
  return text.replace(codeOrTarget, (match) =>
    match.startsWith('`') ? match : targetOf(posix.join(posix.dirname(path), match)),
  )
}
