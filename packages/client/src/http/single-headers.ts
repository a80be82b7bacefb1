import type { Answer } from './foreign-answer.ts'

type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Returns headers with one value for each name. Gateways may add a header that an answer has already: the first value counts,
 * except of content encodings, of which all have been applied.
 */
export function singleHeaders(given: RawHeaders): Answer['headers'] {
  const single: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'string') single[name] = value
    else single[name] = name === 'content-encoding' ? value?.join(', ') : value?.[0]
  }
  return single
}
