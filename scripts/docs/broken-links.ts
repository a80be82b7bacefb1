import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { readDocument, type Document } from './document.ts'

/** Returns the anchors of a document, derived from its headings by GitHub's rule. */
function anchorsOf({ prose }: Document): Set<string> {
  const anchors = new Set<string>()
  for (const text of prose) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1]
    if (heading === undefined) continue
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    let anchor = slug
    for (let n = 1; anchors.has(anchor); n += 1) anchor = `${slug}-${n}`
    anchors.add(anchor)
  }
  return anchors
}

/** Returns the broken relative links of a document, each as `path(line): …`. */
export function brokenLinks(document: Document): string[] {
  return document.prose.flatMap((text, index) =>
    [...text.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
      if (/^[a-z]+:/.test(link!)) return []
      const [path, anchor] = link!.split('#') as [string, string?]
      const target = path === '' ? document.path : resolve(dirname(document.path), path)
      if (existsSync(target)) {
        if (anchor === undefined || !target.endsWith('.md') || anchorsOf(readDocument(target)).has(anchor)) return []
      }
      return [`${document.path}(${index + 1}): the link ${link} has no target`]
    }),
  )
}
