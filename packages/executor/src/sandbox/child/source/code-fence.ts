/**
 * Removes a Markdown code fence (CommonMark's ``` or ~~~, with any info string) from around code. The fence's lines
 * become empty lines, so line and column numbers stay those of the code as it was sent. A missing closing fence is
 * accepted.
 */
export function removeCodeFence(code: string): string {
  const lines = code.split('\n')
  const first = lines.findIndex(isNotBlank)
  const [, backticks, tildes] = /^[ \t\uFEFF]*(?:(`{3,})[^`]*$|(~{3,}))/.exec(lines[first] ?? '') ?? []
  const fence = backticks ?? tildes
  if (fence === undefined) return code
  lines[first] = ''
  const last = lines.findLastIndex(isNotBlank)
  const closing = lines[last]?.trim() ?? ''
  if (closing.length >= fence.length && closing === fence.charAt(0).repeat(closing.length)) lines[last] = ''
  return lines.join('\n')
}

function isNotBlank(line: string): boolean {
  return line.trim() !== ''
}
