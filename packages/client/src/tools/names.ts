/** Names of tools: identifiers joined by dots on the wire, whatever they were registered as. */

/** What JavaScript or the guest itself reads on `tools`, so that it can be no tool's name. */
const reserved = new Set(['then', 'constructor', 'prototype', '__proto__'])

/** The name that the code calls a tool by: each character that an identifier can't have becomes `_`. */
export function wireNameOf(name: string): string {
  return name
    .split('.')
    .map((part) => part.replaceAll(/[^\w$]/gu, '_').replace(/^(?=\d|$)/, '_'))
    .join('.')
}

/** Whether a name, or a part of it between dots, has no character that an identifier can have: nothing could call it. */
export function isUnspeakable(name: unknown): boolean {
  return typeof name !== 'string' || !name.split('.').every((part) => /[\w$]/.test(part))
}

/** The part of a name that is reserved, if there is one. */
export function reservedPartOf(wireName: string): string | undefined {
  return wireName.split('.').find((part) => reserved.has(part) || part.startsWith('$'))
}
