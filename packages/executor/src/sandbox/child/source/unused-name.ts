/** Returns a name that the code does not contain: a word, and as many underscores as it needs. */
export function unusedName(code: string, word: 'exported' | 'watch'): string {
  const found = word === 'watch' ? code.matchAll(/watch_*/g) : code.matchAll(/exported_*/g)
  let length = -1
  for (const [name] of found) length = Math.max(length, name.length - word.length)
  return `${word}${'_'.repeat(length + 1)}`
}
