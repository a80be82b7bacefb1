/** Returns a name that the code does not contain: a word, and as many underscores as it needs. */
export function unusedName(code: string, word: 'exported' | 'watch'): string {
  let length = -1
  for (const [found] of code.matchAll(patterns[word])) length = Math.max(length, found.length - word.length)
  return `${word}${'_'.repeat(length + 1)}`
}

const patterns = { exported: /exported_*/g, watch: /watch_*/g }
