import { readFileSync } from 'node:fs'

/** A fenced block. */
export interface Block {
  /** Of the markdown file, from 1 on: the line of the fence. */
  readonly line: number
  readonly language: string
  readonly lines: string[]
}

/** A markdown file. */
export interface Document {
  readonly path: string
  readonly blocks: readonly Block[]
  /** What is outside of blocks; blocks are blank lines. */
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
