import { errorCodes } from '../../packages/shared/src/errors/codes.ts'
import type { Document } from './document.ts'

/**
 * Returns the differences between the tables of codes in `docs/errors.md` and the table in `shared`, each as
 * `path(line): …`. There is one row for each kind of a code; those of HTTP errors have the status in the second column.
 */
export function errorCodeProblems({ path, prose }: Document): string[] {
  const missing = new Set(
    Object.entries(errorCodes).flatMap(([code, { kinds, httpStatus }]) =>
      kinds.map((kind) => (kind === 'request' ? `${code} ${httpStatus}` : code)),
    ),
  )
  const wrong = prose.flatMap((text, index) => {
    const [, code, status] = /^\| `([A-Z_]+)` *\|(?: (\d{3}) +\|)?/.exec(text) ?? []
    if (code === undefined) return []
    const row = status === undefined ? code : `${code} ${status}`
    return missing.delete(row) ? [] : [`${path}(${index + 1}): the table of codes in shared has no row ${row}`]
  })
  return [...wrong, ...[...missing].map((row) => `${path}(1): the tables have no row for ${row}`)]
}
