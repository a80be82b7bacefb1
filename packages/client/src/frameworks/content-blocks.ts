/** Block of a tool's output in MCP and in the API of Anthropic: a text, or something else. */
export interface ContentBlock {
  readonly type: string
  readonly text?: unknown
}

/** Returns the text of blocks that are all texts, and other blocks as they are, for code to choose from. */
export function valueOfBlocks(blocks: readonly ContentBlock[]): unknown {
  return blocks.every(isText) ? textOfBlocks(blocks) : blocks
}

/** Returns the texts of blocks, one after the other; other blocks are named by their type. */
export function textOfBlocks(blocks: readonly ContentBlock[]): string {
  return blocks.map((block) => (isText(block) ? block.text : `[${block.type}]`)).join('\n')
}

function isText(block: ContentBlock): block is { readonly type: 'text'; readonly text: string } {
  return block.type === 'text' && typeof block.text === 'string'
}
