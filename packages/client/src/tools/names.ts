/** Names of tools. A tool may be registered under any text; on the wire its name is identifiers joined by dots. */

/** Names that JavaScript or the guest itself reads on `tools`, so that no tool can have them. */
const reserved = new Set(['then', 'constructor', 'prototype', '__proto__'])

/** Returns the name by which the code calls a tool: each character that an identifier can't have becomes `_`. */
export function wireNameOf(name: string): string {
  return name
    .split('.')
    .map((part) => part.replaceAll(/[^\w$]/gu, '_').replace(/^(?=\d|$)/, '_'))
    .join('.')
}

/** Whether no code could call a tool of this name: a part between dots has no character that an identifier can have. */
export function isUncallable(name: unknown): boolean {
  return typeof name !== 'string' || !name.split('.').every((part) => /[\w$]/.test(part))
}

/** Returns the part of a name that is reserved; undefined if there is none. */
export function reservedPartOf(wireName: string): string | undefined {
  return wireName.split('.').find((part) => reserved.has(part) || part.startsWith('$'))
}
