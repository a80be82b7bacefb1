/** Descriptions of answers that are no answers of an executor, for error messages. They never hold the API key. */
import { contentEncoding } from './content-encoding.ts'

/** An answer of whatever was reached under the executor's URL. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

/** The request that was answered. */
export interface Asked {
  readonly method: string
  /** Its URL, without credentials. */
  readonly url: string
  readonly apiKey: string
}

/** Characters of a body that are looked at for an excerpt, and that an excerpt has at most. */
const maxReadLength = 8_192
const maxExcerptLength = 200
/** Longer words may be tokens, ids or encoded data. */
const maxWordLength = 40

/** Returns the status of an answer, its media type and where it came from, such as `HTTP 200: got text/html from http://…`. */
export function describeAnswer({ status, headers, text }: Answer, { url }: Asked): string {
  const type = mediaType(headers)
  const encoding = contentEncoding(headers)
  const content = type ?? (text === '' && encoding === undefined ? 'an empty answer' : 'an answer without a type')
  return `HTTP ${status}: got ${content}${encoding === undefined ? '' : ` in ${shown(encoding)}`} from ${url}`
}

/** Returns the beginning of an answer's text as `, which says "…"`, without markup; empty if there is none to show. */
export function excerptOf({ headers, text }: Answer, { apiKey }: Asked): string {
  const type = mediaType(headers) ?? 'text/plain'
  if (!/^text\/|\bjson$|\bxml$/.test(type)) return ''
  const words: string[] = []
  let length = 0
  for (const word of withoutMarkup(text.slice(0, maxReadLength).replaceAll(apiKey, '…')).split(/\s+/)) {
    if (word === '') continue
    words.push(word.length > maxWordLength ? '…' : word)
    length += word.length + 1
    if (length > maxExcerptLength) break
  }
  const excerpt = cut(shown(words.join(' ')), maxExcerptLength)
  return excerpt === '' ? '' : `, which says "${excerpt}"`
}

/** Returns where a redirect points to, without credentials and query; undefined if it names no URL of HTTP. */
export function redirectTarget({ headers }: Answer, { url, apiKey }: Asked): string | undefined {
  const { location } = headers
  if (location === undefined || !URL.canParse(location, url)) return undefined
  const { protocol, origin, pathname } = new URL(location, url)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  return cut(`${origin}${pathname}`.replaceAll(apiKey, '…'), maxExcerptLength)
}

/** Whether an answer is said to be JSON, as all of an executor's are that are no streams. */
export function isJson({ headers }: Pick<Answer, 'headers'>): boolean {
  return mediaType(headers)?.endsWith('json') === true
}

function mediaType(headers: Answer['headers']): string | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type.length <= 80 && /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : undefined
}

/** Takes out what is between angle brackets, and the content of scripts and styles. It looks at each character once. */
function withoutMarkup(text: string): string {
  let shownText = ''
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('<', at)
    if (open < 0) return shownText + text.slice(at)
    shownText += `${text.slice(at, open)} `
    const name = /^(?:script|style)\b/i.exec(text.slice(open + 1, open + 8))?.[0].toLowerCase()
    const close = name === undefined ? text.indexOf('>', open) : text.indexOf('</', open + 1)
    if (close < 0) return shownText
    at = name === undefined ? close + 1 : close
  }
  return shownText
}

/** Replaces control characters, which would break a line of a log. */
function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
}

/** Cuts a text between two code points. */
function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const end = text.codePointAt(maxLength - 2)! > 0xff_ff ? maxLength - 2 : maxLength - 1
  return `${text.slice(0, end)}…`
}
