import { readFileSync } from 'node:fs'

import type { Document } from './document.ts'

/** Returns the `@example`s in the docstrings of a source file, each as a document with one block, a whole program. */
export function readExamples(path: string): Document[] {
  const examples: Document[] = []
  let lines: string[] | undefined
  for (const [index, text] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (/^\s*\* @example$/.test(text)) {
      lines = []
      examples.push({ path, blocks: [{ line: index + 1, language: 'ts', lines }], prose: [] })
    } else if (/^\s*\*(\/| @)/.test(text)) lines = undefined
    else lines?.push(text.replace(/^\s*\* ?/, ''))
  }
  return examples
}
