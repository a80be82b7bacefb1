import { endOfString } from '../engine/nesting.ts'

const quote = 0x22
const minus = 0x2d
/** Number of characters up to which a number without an exponent keeps its digits: a double has at least 15 of them. */
const exactLength = 15

/**
 * Returns the first number in JSON text that changes when it is read as a double, as JavaScript does; undefined if there is
 * none. `1.0` and `1e0` are the same number as `1`.
 */
export function inexactNumber(json: string): string | undefined {
  for (let i = 0; i < json.length; i++) {
    const unit = json.charCodeAt(i)
    if (unit === quote) i = endOfString(json, i)
    else if (unit === minus || isDigit(unit)) {
      const start = i
      let hasExponent = false
      for (; isPartOfNumber(json.charCodeAt(i + 1)); i++) hasExponent ||= (json.charCodeAt(i + 1) | 0x20) === 0x65
      if (!hasExponent && i - start < exactLength) continue
      const number = json.slice(start, i + 1)
      if (decimalOf(number) !== decimalOf(String(Number(number)))) return number
    }
  }
  return undefined
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39

/** Returns whether a character continues a number: a digit, a sign, the point, or the letter of the exponent. */
const isPartOfNumber = (unit: number): boolean =>
  isDigit(unit) || unit === 0x2b || unit === minus || unit === 0x2e || (unit | 0x20) === 0x65

/** Returns the significant digits and the exponent of a number, which are the same for all ways to write it. */
function decimalOf(number: string): string | undefined {
  const parts = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number)
  if (parts === null) return undefined
  const [, whole = '', fraction = '', exponent = '0'] = parts
  const digits = whole + fraction
  let first = 0
  while (digits[first] === '0') first += 1
  let end = digits.length
  while (end > first && digits[end - 1] === '0') end -= 1
  const significant = digits.slice(first, end)
  return significant === '' ? '0' : `${significant}e${Number(exponent) - fraction.length + digits.length - end}`
}
