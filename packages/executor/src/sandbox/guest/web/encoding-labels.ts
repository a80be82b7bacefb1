import type { Primordials } from '../primordials.ts'

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/**
 * Returns the encoding that a label means, as in the Encoding Standard: ASCII whitespace around the label and the case of
 * ASCII letters don't count. Returns undefined for a label of an encoding that is not supported.
 */
export function encodingOf(p: Primordials, label: string): Encoding | undefined {
  let start = 0
  let end = label.length
  while (start < end && isAsciiSpace(p, label, start)) start++
  while (end > start && isAsciiSpace(p, label, end - 1)) end--
  // No letter beyond ASCII has the lower case of a letter in these labels.
  const name = p.stringToLowerCase(p.stringSlice(label, start, end))
  return p.ReflectGetOwnPropertyDescriptor(labels, name)?.value
}

function isAsciiSpace(p: Primordials, text: string, index: number): boolean {
  const unit = p.stringCharCodeAt(text, index)
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0c || unit === 0x0d
}

/** All labels that the standard has for the supported encodings. */
const labels = {
  'unicode-1-1-utf-8': 'utf-8',
  unicode11utf8: 'utf-8',
  unicode20utf8: 'utf-8',
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'x-unicode20utf8': 'utf-8',

  csunicode: 'utf-16le',
  'iso-10646-ucs-2': 'utf-16le',
  'ucs-2': 'utf-16le',
  unicode: 'utf-16le',
  unicodefeff: 'utf-16le',
  'utf-16': 'utf-16le',
  'utf-16le': 'utf-16le',

  unicodefffe: 'utf-16be',
  'utf-16be': 'utf-16be',

  'ansi_x3.4-1968': 'windows-1252',
  ascii: 'windows-1252',
  cp1252: 'windows-1252',
  cp819: 'windows-1252',
  csisolatin1: 'windows-1252',
  ibm819: 'windows-1252',
  'iso-8859-1': 'windows-1252',
  'iso-ir-100': 'windows-1252',
  'iso8859-1': 'windows-1252',
  iso88591: 'windows-1252',
  'iso_8859-1': 'windows-1252',
  'iso_8859-1:1987': 'windows-1252',
  l1: 'windows-1252',
  latin1: 'windows-1252',
  'us-ascii': 'windows-1252',
  'windows-1252': 'windows-1252',
  'x-cp1252': 'windows-1252',
} satisfies Readonly<Record<string, Encoding>>
