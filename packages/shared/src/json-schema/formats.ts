/**
 * Formats that are checked. Each check takes time linear in the text: its regular expressions have no nested or
 * adjacent repetition, and the length is checked first where the format has a maximum.
 */
import { isIPv4, isIPv6 } from 'node:net'

import { isUri, isUriReference, isUriTemplate } from './uri-formats.ts'

/** Checks by format. Text of any other format is accepted, as the drafts require. */
export const formats: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  'date-time': (text) =>
    text.length < 80 && /^.{10}[tT ]/.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11)),
  duration: isDuration,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: (text) => isIPv6(text) && !text.includes('%'),
  uri: isUri,
  'uri-reference': isUriReference,
  'uri-template': isUriTemplate,
  url: (text) => /^(?:https?|ftp):\/\//i.test(text) && isUri(text) && URL.canParse(text),
  uuid: (text) => text.length === 36 && /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text),
  regex: isRegex,
  'json-pointer': isPointer,
  'json-pointer-uri-fragment': (text) => text.startsWith('#') && isUriReference(text) && isPointer(text.slice(1)),
  'relative-json-pointer': isRelativePointer,
}

/** Returns whether a text is a full-date of RFC 3339. */
function isDate(text: string): boolean {
  const [, year, month, day] = (text.length === 10 && /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)) || []
  if (day === undefined || Number(month) < 1 || Number(month) > 12) return false
  const lastDay = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()
  return Number(day) >= 1 && Number(day) <= lastDay
}

/** Returns whether a text is a full-time of RFC 3339. A leap second must be the last second of a day in UTC. */
function isTime(text: string): boolean {
  const parts = text.length < 70 ? /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|([+-])(\d\d):(\d\d))$/i.exec(text) : null
  if (parts === null) return false
  const [hour = 0, minute = 0, second = 0] = parts.slice(1, 4).map(Number)
  const [offsetHour, offsetMinute] = [Number(parts[5] ?? 0), Number(parts[6] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return false
  const offset = (parts[4] === '-' ? -1 : 1) * (60 * offsetHour + offsetMinute)
  const utcMinute = (60 * hour + minute - offset + 24 * 60) % (24 * 60)
  return second < 60 || utcMinute === 24 * 60 - 1
}

/** Returns whether a text is a duration of RFC 3339, appendix A: weeks alone, or units without a gap between them. */
function isDuration(text: string): boolean {
  if (text.length > 100 || !/^P[\dT]/.test(text)) return false
  if (/^P\d+W$/.test(text)) return true
  const [date = '', time, ...more] = text.slice(1).split('T')
  if (more.length > 0 || time === '') return false
  return areUnits(date, 'YMD') && areUnits(time ?? '', 'HMS')
}

function areUnits(text: string, units: string): boolean {
  const found = text.replaceAll(/\d+/g, '0')
  return found === '' || (/^(?:0[A-Z])+$/.test(found) && units.includes(found.replaceAll('0', '')))
}

/** Returns whether a text is a hostname of RFC 1123. */
function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false
  return text.split('.').every((label) => label.length <= 63 && /^[a-z\d-]+$/i.test(label) && !/^-|-$/.test(label))
}

/**
 * Returns whether a text is a mailbox of RFC 5321: a dot-string or quoted string of at most 64 characters, and a host
 * or an address literal.
 */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  const [local, host] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1 || local.length > 64 || host.length > 253) return false
  const isQuoted = /^"(?:[ !#-[\]-~]|\\[ -~])*"$/.test(local)
  if (!isQuoted && !local.split('.').every((part) => /^[\w!#$%&'*+/=?^`{|}~-]+$/.test(part))) return false
  if (!/^\[.*\]$/.test(host)) return isHostname(host)
  const address = host.slice(1, -1)
  return isIPv4(address) || (/^ipv6:/i.test(address) && isIPv6(address.slice(5)) && !address.includes('%'))
}

/** Maximum length of a regular expression, because compiling a longer one would take long. */
const maxRegexLength = 10_000

function isRegex(text: string): boolean {
  if (text.length > maxRegexLength) return false
  try {
    return Boolean(new RegExp(text, 'u'))
  } catch {
    return false
  }
}

/** Returns whether a text is a JSON Pointer of RFC 6901. */
function isPointer(text: string): boolean {
  return (text === '' || text.startsWith('/')) && !/~(?![01])/.test(text)
}

function isRelativePointer(text: string): boolean {
  const steps = /^(?:0|[1-9]\d*)/.exec(text)?.[0]
  if (steps === undefined) return false
  const rest = text.slice(steps.length)
  return rest === '#' || isPointer(rest)
}
