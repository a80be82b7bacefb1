import { improveAwait } from './await-error.ts'
import { hintAtBrackets } from './brackets.ts'
import { hintAtHabit, hintAtProse } from './habits.ts'
import { jsxHint } from './parse.ts'
import { offsetOf } from './position.ts'
import { SourceError } from './source-error.ts'

/** Returns the error with a hint at its likely cause, if it has none and the code shows one. */
export function withHint(error: SourceError, code: string): SourceError {
  if (error.hint !== undefined) return error
  const offset = offsetOf(code, error.position)
  const aboutAwait = improveAwait(error, code, offset)
  if (aboutAwait !== undefined) return aboutAwait
  const hint =
    hintAt(code, offset) ??
    hintAtHabit(code, offset, error.message) ??
    (error.message.startsWith('Unexpected') ? hintAtBrackets(code, offset) : undefined) ??
    hintAtProse(code)
  return new SourceError(error.message, error.position, { hint, isConclusive: error.isConclusive })
}

function hintAt(code: string, offset: number): string | undefined {
  const found = code.slice(offset, offset + 200)
  const before = code.slice(Math.max(0, offset - 100), offset)
  if (/^@[\p{ID_Start}$_(]/u.test(found) && !/[\p{ID_Continue}$]$/u.test(before))
    return 'Decorators are not supported: call the function with the class instead.'
  const isTag = before.endsWith('<')
    ? /^\/[A-Za-z>]/.test(found)
    : /<[A-Za-z][\w.]*\s+$/.test(before) && /^[\w-]+=["'{]/.test(found)
  if (isTag) return jsxHint
  if (/^[“”‘’«»]/.test(found)) return 'Put strings in straight quotes, " or \'.'
  return undefined
}
