/**
 * Names of tools. A tool may be registered under any text; on the wire its name is identifiers joined by dots, in which
 * letters of every script are allowed. The guest's look-up converts names by the same rule.
 */

/**
 * Names that JavaScript or the guest itself reads on `tools`, so that no tool can have them: `await`, a conversion to
 * text and `JSON.stringify` call them implicitly.
 */
const reserved = new Set(['then', 'constructor', 'prototype', '__proto__', 'toJSON', 'toString', 'valueOf'])

/**
 * Returns the name by which the code calls a tool: each character that an identifier can't have becomes `_`, and a part
 * that begins with a digit gets a `_` before it. Characters are composed (NFC), as models write them.
 */
export function wireNameOf(name: string): string {
  return name
    .normalize('NFC')
    .split('.')
    .map((part) => part.replaceAll(/[^$\u200c\u200d\p{ID_Continue}]/gu, '_').replace(/^(?![$_\p{ID_Start}])/u, '_'))
    .join('.')
}

/**
 * Returns whether no code could call a tool of this name: a part between dots has no character that an identifier can
 * have.
 */
export function isUncallable(name: string): boolean {
  return !name.split('.').every((part) => /[$\p{ID_Continue}]/u.test(part))
}

/** Returns the part of a name that is reserved; undefined if there is none. */
export function reservedPartOf(wireName: string): string | undefined {
  return wireName.split('.').find((part) => reserved.has(part) || part.startsWith('$'))
}

/** Returns a name like this one whose reserved part has another name, for an error message. */
export function unreserved(wireName: string): string {
  const parts = wireName.split('.').map((part) => {
    if (part.startsWith('$')) return part.replace(/^\$+/, '') || 'tool'
    return reserved.has(part) ? `${part.replaceAll('_', '')}_tool` : part
  })
  return parts.join('.')
}
