import type { OptionPath } from './options.ts'

/** The variable of an option: `CODEMODE_RETRY_MAX_ATTEMPTS` of `retry.maxAttempts`. */
export function variableOf(path: OptionPath): string {
  const words = path.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`))
  return `CODEMODE_${words.join('_').toUpperCase()}`
}
