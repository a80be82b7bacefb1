/**
 * Removal of this host's absolute paths and of stack frames from texts that reach the guest. The guest chooses parts of
 * such texts, so every function here takes time linear in their length: a line is cut into tokens, and each token is
 * read from left to right.
 */
import { isHostRoot } from './host-roots.ts'
import { isStackFrame } from './stack-frame.ts'

/**
 * Returns the text with `<path>` for every absolute path of a host, and without the lines that are stack frames. Paths are:
 *
 * - `file:` URLs, Windows paths with a drive letter, and UNC paths;
 * - POSIX paths below a top-level directory of a host (`/home/ada/key`), with `/node_modules/` in them, or with a position as
 *   in a stack frame (`/build/app.js:10:5`).
 *
 * Other URLs, relative paths and routes such as `/users/42` are kept.
 */
export function withoutHostPaths(text: string): string {
  const kept = text.split('\n').filter((line) => !isStackFrame(line))
  return kept.map(cleanLine).join('\n')
}

function cleanLine(line: string): string {
  let clean = ''
  let copied = 0
  for (let at = 0; at < line.length;) {
    if (isBetweenTokens(line, at)) {
      at += 1
      continue
    }
    const end = tokenEnd(line, at)
    const start = pathStart(line, at, end)
    at = start === undefined ? end : pathEnd(line, start, end)
    if (start === undefined) continue
    clean += `${line.slice(copied, start)}<path>`
    copied = at
  }
  return clean + line.slice(copied)
}

/** Returns the index in the token at which a path begins; undefined for a token without one, and for a URL. */
function pathStart(line: string, from: number, end: number): number | undefined {
  if (line[from] === '/' && isRequestLine(line, from)) return undefined
  const token = new Token(line, from, end)
  for (let at = nextOf(separator, line, from); at < end; at = nextOf(separator, line, at + 1)) {
    const character = line[at]
    if (character === ':') {
      const wordStart = startOfWord(line, from, at)
      if (isFileScheme(line, wordStart, at) || isDrive(line, wordStart, at)) return wordStart
      // Without a host, as in `unix:///run/x`, it is a path.
      const isUrl = at > wordStart && line.startsWith('//', at + 1) && line[at + 3] !== '/'
      if (isUrl) return undefined
    } else if (character === '/') {
      const name = runEnd(line, at, end)
      if (!(at > from && isPartOfName(line, at - 1)) && token.isPathAt(at, name)) return at
      at = name - 1
    } else if (character === '\\') {
      const name = runEnd(line, at, end)
      if (name - at > 1 && isServer(line, name, end)) return at
      at = name - 1
    }
  }
  return undefined
}

/** Returns whether a request line begins there, such as `GET /private/messages`, whose path is not of this host. */
function isRequestLine(line: string, from: number): boolean {
  return /(?:^|[^\w])(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) $/.test(line.slice(Math.max(0, from - 10), from))
}

/** Token of a line. It memoizes the answers that each of its slashes needs. */
class Token {
  readonly #line: string
  readonly #from: number
  readonly #end: number
  #lastModules: number | undefined
  #isPosition: boolean | undefined

  constructor(line: string, from: number, end: number) {
    this.#line = line
    this.#from = from
    this.#end = end
  }

  /** Returns whether the POSIX path that begins at `at`, with its first name at `name`, is one of a host. */
  isPathAt(at: number, name: number): boolean {
    const slash = name < this.#end ? nextOf(slashOrEnd, this.#line, name) : name
    if (slash === name) return false
    if (slash + 1 < this.#end && isHostRoot(this.#line.slice(name, slash))) return true
    this.#lastModules ??= this.#line.slice(this.#from, this.#end).lastIndexOf('/node_modules/')
    if (this.#lastModules !== -1 && this.#from + this.#lastModules >= at) return true
    this.#isPosition ??= endsInPosition(this.#line.slice(Math.max(this.#from, this.#end - 40), this.#end))
    return this.#isPosition
  }
}

/** Returns whether a token ends with a file extension and a position, `:10` or `:10:5`. */
function endsInPosition(token: string): boolean {
  return /\.[a-z]{1,5}(?::\d{1,8}){1,2}[.,:;!?)\]}]{0,3}$/i.test(token)
}

/**
 * Returns the index at which a path ends: at the quote that encloses it, or at the end of its token, without the
 * punctuation behind it.
 */
function pathEnd(line: string, start: number, tokenEnds: number): number {
  const quote = line[start - 1]
  const closing = isQuote(quote) ? closingQuote(line, quote, start) : -1
  if (closing !== -1) return closing
  let end = tokenEnds
  if (line.startsWith('\\', start) || line[start + 1] === ':') end = withBlanks(line, end)
  while (end > start + 1 && '.,:;!?)]}'.includes(line[end - 1]!)) end -= 1
  return end
}

/** Returns the index of the quote that closes a path; skips apostrophes, as in `'/home/ada/Ada's key'`. */
function closingQuote(line: string, quote: string, start: number): number {
  const next = line.indexOf(quote, start)
  if (quote !== "'" || next === -1 || !/[a-z]/i.test(line[next + 1] ?? '')) return next
  // The number of apostrophes is bounded, so that the time stays linear.
  let at = next
  for (let i = 0; i < 8 && at !== -1; i++) {
    if (!/[a-z]/i.test(line[at + 1] ?? '')) return at
    at = line.indexOf(quote, at + 1)
  }
  return next
}

/**
 * Returns the end of a Windows path with blanks, as in `C:\Program Files\x`: the next tokens belong to it if they have
 * a backslash and are no paths themselves.
 */
function withBlanks(line: string, tokenEnds: number): number {
  let end = tokenEnds
  while (line[end] === ' ') {
    const next = tokenEnd(line, end + 1)
    const isMore = line.slice(end + 1, next).includes('\\') && pathStart(line, end + 1, next) === undefined
    if (!isMore) break
    end = next
  }
  return end
}

function tokenEnd(line: string, from: number): number {
  let end = nextOf(between, line, from)
  while (end < line.length && !isBetweenTokens(line, end)) end = nextOf(between, line, end + 1)
  return end
}

/** Returns whether a character separates tokens. A blank behind a backslash is escaped, and part of its path. */
function isBetweenTokens(line: string, at: number): boolean {
  const character = line[at]!
  if (character === ' ') return line[at - 1] !== '\\'
  return character < ' ' || isQuote(character) || '<>|\u00a0'.includes(character)
}

function isQuote(character: string | undefined): character is string {
  return character === '"' || character === "'" || character === '`'
}

function isFileScheme(line: string, start: number, colon: number): boolean {
  return colon - start === 4 && line[colon + 1] === '/' && line.slice(start, colon).toLowerCase() === 'file'
}

function isDrive(line: string, start: number, colon: number): boolean {
  const next = line[colon + 1]
  return (
    colon - start === 1 && /[a-z]/i.test(line[start]!) && (next === '\\' || (next === '/' && line[colon + 2] !== '/'))
  )
}

/** Returns whether the name of a server and a share follow, `server\share`, or the `?` and `.` of device paths. */
function isServer(line: string, from: number, end: number): boolean {
  let at = from
  while (at < end && /[\w.-]/.test(line[at]!)) at += 1
  if (at === from && line[at] === '?') at += 1
  const isName = at - from > 1 || line[from] === '?' || line[from] === '.'
  return isName && line[at] === '\\' && at + 1 < end
}

/** Returns the index at which a run of one separator ends. */
function runEnd(line: string, from: number, end: number): number {
  let at = from
  while (at < end && line[at] === line[from]) at += 1
  return at
}

/** Returns whether a slash behind this character continues something: a relative path, an alias, an expression. */
function isPartOfName(line: string, at: number): boolean {
  if (line[at] === 'm' && color.test(line.slice(Math.max(0, at - 18), at + 1))) return false
  return isWordCharacter(line, at) || '~/\\%@$*)]}'.includes(line[at]!)
}

function isWordCharacter(line: string, at: number): boolean {
  return /[\w+.-]/.test(line[at]!)
}

// Each pattern also matches where a token may end, so that the text behind it is searched once, with its own token.
// oxlint-disable no-control-regex -- tabs and their like
/** The end of an escape sequence that colors a terminal. */
const color = /\u001b\[[\d;]{0,16}m$/
const separator = /[:\\/\u0000-\u0020"'`<>|\u00a0]/g
const slashOrEnd = /[/\u0000-\u0020"'`<>|\u00a0]/g
const between = /[\u0000-\u0020"'`<>|\u00a0]/g

// oxlint-enable no-control-regex

/** Returns the index of the next match of a single character; the length of the line if there is none. */
function nextOf(pattern: RegExp, line: string, from: number): number {
  pattern.lastIndex = from
  return pattern.test(line) ? pattern.lastIndex - 1 : line.length
}

/**
 * Returns the start of the word that ends at a colon, at most five characters before it, one more than in the scheme
 * `file`.
 */
function startOfWord(line: string, from: number, colon: number): number {
  let start = colon
  while (start > from && colon - start < 5 && isWordCharacter(line, start - 1)) start -= 1
  return start
}
