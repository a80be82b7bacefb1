/** Descriptions, for error messages, of responses that are not from an executor. They never contain the API key. */
import { textHead } from '@codemode/shared/internal'

import { contentEncoding } from './content-encoding.ts'

/** Response of the server at the executor's URL, whatever server it is. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

/** Request to which a response came. */
export interface SentRequest {
  readonly method: string
  /** URL of the request, without credentials. */
  readonly url: string
  readonly apiKey: string
}

/** Maximum number of characters of a body that are searched for an excerpt. */
const maxReadLength = 8_192
const maxExcerptLength = 200
/** Maximum length of a word in an excerpt; longer words may be tokens, ids or encoded data. */
const maxWordLength = 40

/** Returns the status, media type and URL of a response, such as `HTTP 200: got text/html from http://…`. */
export function describeResponse({ status, headers, text }: HttpResponse, { url }: SentRequest): string {
  const type = mediaType(headers)
  const encoding = contentEncoding(headers)
  const content =
    type ?? (text === '' && encoding === undefined ? 'an empty response' : 'a response without a media type')
  return `HTTP ${status}: got ${content}${encoding === undefined ? '' : ` in ${withoutControlCharacters(encoding)}`} from ${url}`
}

/** Returns the beginning of a response's text as a sentence, without markup; empty if there is no text. */
export function excerptOf({ headers, text }: HttpResponse, { apiKey }: SentRequest): string {
  const type = mediaType(headers) ?? 'text/plain'
  if (!/^text\/|\bjson$|\bxml$/.test(type)) return ''
  const words: string[] = []
  let length = 0
  for (const word of withoutMarkup(textHead(text, maxReadLength).replaceAll(apiKey, '…')).split(/\s+/)) {
    if (word === '') continue
    words.push(word.length > maxWordLength ? '…' : word)
    length += word.length + 1
    if (length > maxExcerptLength) break
  }
  const excerpt = cut(withoutControlCharacters(words.join(' ')), maxExcerptLength)
  return excerpt === '' ? '' : ` The response says "${excerpt}".`
}

/** Returns the target of a redirect without credentials and query; undefined if it is not an HTTP URL. */
export function redirectTarget({ headers }: HttpResponse, { url, apiKey }: SentRequest): string | undefined {
  const { location } = headers
  if (location === undefined || !URL.canParse(location, url)) return undefined
  const { protocol, origin, pathname } = new URL(location, url)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  return cut(`${origin}${pathname}`.replaceAll(apiKey, '…'), maxExcerptLength)
}

/** Returns whether the media type of a response is JSON. An executor sends JSON only, except for event streams. */
export function isJson({ headers }: Pick<HttpResponse, 'headers'>): boolean {
  return mediaType(headers)?.endsWith('json') === true
}

function mediaType(headers: HttpResponse['headers']): string | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type.length <= 80 && /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : undefined
}

/** Removes tags, and the content of scripts and styles. Runs in linear time. */
function withoutMarkup(text: string): string {
  let visible = ''
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('<', at)
    if (open < 0) return visible + text.slice(at)
    visible += `${text.slice(at, open)} `
    const name = /^(?:script|style)\b/i.exec(text.slice(open + 1, open + 8))?.[0].toLowerCase()
    const close = name === undefined ? text.indexOf('>', open) : text.indexOf('</', open + 1)
    if (close < 0) return visible
    at = name === undefined ? close + 1 : close
  }
  return visible
}

/** Replaces control characters by blanks, to prevent log injection. */
function withoutControlCharacters(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
}

/** Shortens a text to `maxLength` UTF-16 units, without splitting a surrogate pair. */
function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${textHead(text, maxLength - 1)}…`
}
