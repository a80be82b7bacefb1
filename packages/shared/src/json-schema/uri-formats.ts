/** Checks of URIs (RFC 3986) and URI templates (RFC 6570), part by part, each by the characters that it may have. */
import { isIPv6 } from 'node:net'

const unreserved = String.raw`\w.~`
const subDelims = "!$&'()*+,;="
const isUserinfo = charactersOf(`${unreserved}${subDelims}:`)
const isName = charactersOf(`${unreserved}${subDelims}`)
const isPath = charactersOf(`${unreserved}${subDelims}:@/`)
const isQuery = charactersOf(`${unreserved}${subDelims}:@/?`)

/** Returns a test for text that consists of these characters and percent-encoded bytes. */
function charactersOf(set: string): (text: string) => boolean {
  const expression = new RegExp(`^(?:[${set}-]|%[\\da-fA-F]{2})*$`)
  return (text) => expression.test(text)
}

/** Returns whether a text is a URI, which begins with a scheme. */
export function isUri(text: string): boolean {
  const scheme = schemeOf(text)
  return scheme !== undefined && isRelative(text.slice(scheme.length + 1))
}

export function isUriReference(text: string): boolean {
  if (isUri(text)) return true
  // A first segment with a colon would be a scheme.
  const [first = ''] = text.split(/[/?#]/, 1)
  return !first.includes(':') && isRelative(text)
}

function schemeOf(text: string): string | undefined {
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(colon, 0))
  return /^[a-z][a-z\d+.-]*$/i.test(scheme) ? scheme : undefined
}

function isRelative(text: string): boolean {
  const [beforeFragment, fragment] = splitAt(text, '#')
  const [hierarchy, query] = splitAt(beforeFragment, '?')
  if (!isQuery(query) || !isQuery(fragment)) return false
  if (!hierarchy.startsWith('//')) return isPath(hierarchy)
  const slash = hierarchy.indexOf('/', 2)
  const authority = hierarchy.slice(2, slash < 0 ? undefined : slash)
  return isAuthority(authority) && isPath(slash < 0 ? '' : hierarchy.slice(slash))
}

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at >= 0 && !isUserinfo(text.slice(0, at))) return false
  const hostAndPort = text.slice(at + 1)
  if (!hostAndPort.startsWith('[')) {
    const [host, port] = splitAt(hostAndPort, ':')
    return isName(host) && /^\d*$/.test(port)
  }
  const end = hostAndPort.indexOf(']')
  const literal = hostAndPort.slice(1, end)
  const isLiteral = isIPv6(literal) && !literal.includes('%')
  return end > 0 && (isLiteral || isFutureLiteral(literal)) && /^(?::\d*)?$/.test(hostAndPort.slice(end + 1))
}

/** Returns whether a text is an address of a future version of IP, `v1.text`. */
function isFutureLiteral(text: string): boolean {
  const [version, address] = splitAt(text, '.')
  return /^v[\da-f]+$/i.test(version) && address !== '' && !address.includes('%') && isUserinfo(address)
}

function splitAt(text: string, mark: string): [before: string, after: string] {
  const index = text.indexOf(mark)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}

const isLiteral = (text: string): boolean => !/[\0- "<>\\^`{|}\x7F]/.test(text) && !/%(?![\da-f]{2})/i.test(text)

export function isUriTemplate(text: string): boolean {
  const [literal = '', ...parts] = text.split('{')
  return isLiteral(literal) && parts.every((part) => isExpressionAndLiteral(part))
}

function isExpressionAndLiteral(text: string): boolean {
  const end = text.indexOf('}')
  if (end < 1) return false
  const variables = text.slice(/^[+#./;?&=,!@|]/.test(text) ? 1 : 0, end).split(',')
  return variables.every(isVariable) && isLiteral(text.slice(end + 1))
}

function isVariable(text: string): boolean {
  const [name, length] = splitAt(text.endsWith('*') ? text.slice(0, -1) : text, ':')
  const isCut = text.includes(':')
  if (isCut && (text.endsWith('*') || !/^[1-9]\d{0,3}$/.test(length))) return false
  return name.split('.').every((part) => part !== '' && /^(?:\w|%[\da-fA-F]{2})*$/.test(part))
}
