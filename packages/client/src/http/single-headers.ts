import type { HttpResponse } from './foreign-response.ts'

type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Returns headers with one value for each name. A gateway may repeat a header that the response has already:
 * the first value counts, except for content encodings, all of which were applied.
 */
export function singleHeaders(given: RawHeaders): HttpResponse['headers'] {
  const single: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'string') single[name] = value
    else single[name] = name === 'content-encoding' ? value?.join(', ') : value?.[0]
  }
  return single
}
