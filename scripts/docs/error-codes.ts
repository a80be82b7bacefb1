import { errorCodes } from '../../packages/shared/src/errors/codes.ts'
import type { Document } from './document.ts'

/**
 * Returns the differences between the table of codes in `docs/errors.md` and the table in `shared`, each as
 * `path(line): …`. The documented table has one row for each code. The second column is the status of HTTP errors.
 */
export function errorCodeProblems({ path, prose }: Document): string[] {
  const missing = new Set(
    Object.entries(errorCodes).map(([code, { kinds, httpStatus }]) =>
      kinds.some((kind) => kind === 'request') ? `${code} ${httpStatus}` : code,
    ),
  )
  const wrong = prose.flatMap((text, index) => {
    const [, code, status] = /^\| `([A-Z_]+)` *\| (\d{3})? *\|/.exec(text) ?? []
    if (code === undefined) return []
    const row = status === undefined ? code : `${code} ${status}`
    return missing.delete(row) ? [] : [`${path}(${index + 1}): the table of codes in shared has no row ${row}`]
  })
  return [...wrong, ...[...missing].map((row) => `${path}(1): the table has no row for ${row}`)]
}
