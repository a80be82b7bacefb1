/** Returns the environment variable of an option: `CODEMODE_RETRY_MAX_ATTEMPTS` for `['retry', 'maxAttempts']`. */
export function variableOf(path: readonly string[]): string {
  const words = path.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`))
  return `CODEMODE_${words.join('_').toUpperCase()}`
}
