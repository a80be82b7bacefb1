import type { OptionPath } from './options.ts'

/** Environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Returns the name of an option's variable: `CODEMODE_RETRY_MAX_ATTEMPTS` for `retry.maxAttempts`. */
export function variableOf(path: OptionPath): string {
  const words = path.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`))
  return `CODEMODE_${words.join('_').toUpperCase()}`
}
