import { SourceError } from './source-error.ts'

/** Lines of a Markdown code fence, counted from 0. A fence that is not closed ends after the last line. */
interface Fence {
  readonly first: number
  readonly last: number
}

/**
 * Removes a Markdown code fence (CommonMark's ``` or ~~~, with any info string) from around code. The fence's lines
 * become empty lines, so line and column numbers stay those of the code as it was sent. A missing closing fence is
 * accepted.
 */
export function removeCodeFence(code: string): string {
  const lines = code.split('\n')
  const first = lines.findIndex(isNotBlank)
  const fence = openingOf(lines[first] ?? '')
  if (fence === undefined) return code
  lines[first] = ''
  const last = lines.findLastIndex(isNotBlank)
  if (closes(lines[last] ?? '', fence)) lines[last] = ''
  return lines.join('\n')
}

/**
 * Removes what is around the only code fence in a text, and returns undefined if there is none. Throws `SourceError` if
 * there are several, because only their author knows which one is meant.
 */
export function contentOfFence(text: string): string | undefined {
  const lines = text.split('\n')
  const fences = fencesIn(lines)
  const [fence] = fences
  if (fence === undefined) return undefined
  if (fences.length > 1) {
    const numbers = fences.slice(0, 10).map(({ first }) => first + 1)
    const more = fences.length > 10 ? ` and ${fences.length - 10} more` : ''
    throw new SourceError(
      `Unexpected code fence: the text has ${fences.length} fenced blocks, which begin at lines ${numbers.join(', ')}${more}; send the code of one`,
      { line: fences[1]!.first + 1, column: 1 },
      { hint: 'Put the whole program into one fenced block, or send it without a fence.' },
    )
  }
  // A last line that only closes a fence has its program in front of it.
  if (!lines.slice(fence.first + 1).some(isNotBlank)) return lines.slice(0, fence.first).join('\n')
  return lines.map((line, n) => (n > fence.first && n < fence.last ? line : '')).join('\n')
}

function fencesIn(lines: readonly string[]): Fence[] {
  const fences: Fence[] = []
  for (let first = 0; first < lines.length; first++) {
    const fence = openingOf(lines[first]!)
    if (fence === undefined) continue
    let last = first + 1
    while (last < lines.length && !closes(lines[last]!, fence)) last++
    fences.push({ first, last })
    first = last
  }
  return fences
}

/** Returns the characters of the fence that a line opens. */
function openingOf(line: string): string | undefined {
  const [, backticks, tildes] = /^[ \t\uFEFF]*(?:(`{3,})[^`]*$|(~{3,}))/.exec(line) ?? []
  return backticks ?? tildes
}

function closes(line: string, fence: string): boolean {
  const closing = line.trim()
  return closing.length >= fence.length && closing === fence.charAt(0).repeat(closing.length)
}

function isNotBlank(line: string): boolean {
  return line.trim() !== ''
}
