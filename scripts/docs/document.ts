import { readFileSync } from 'node:fs'

/** Fenced block of a document. */
export interface Block {
  /** Line of the opening fence in the markdown file, counted from 1. */
  readonly line: number
  readonly language: string
  readonly lines: string[]
}

/** Parsed markdown file. */
export interface Document {
  readonly path: string
  readonly blocks: readonly Block[]
  /** Lines outside of fenced blocks; lines inside are blank. */
  readonly prose: readonly string[]
}

/** Reads a markdown file. */
export function readDocument(path: string): Document {
  const blocks: Block[] = []
  let open: Block | undefined
  const prose = readFileSync(path, 'utf8')
    .split('\n')
    .map((text, index) => {
      const fence = /^\s*```(\w*)/.exec(text)
      if (open === undefined && fence === null) return text
      if (open === undefined) open = { line: index + 1, language: fence![1]!, lines: [] }
      else if (fence === null) open.lines.push(text)
      else {
        blocks.push(open)
        open = undefined
      }
      return ''
    })
  return { path, blocks, prose }
}
