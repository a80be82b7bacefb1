import type { JsonObject } from '@codemode/shared'

/**
 * Returns the schema that a local reference names by a JSON Pointer (RFC 6901) or an anchor; undefined for a reference to
 * another document, and for one that names nothing.
 */
export function resolveLocal(root: JsonObject, ref: string): unknown {
  if (!ref.startsWith('#')) return undefined
  const fragment = decodedFragment(ref.slice(1))
  if (fragment === '') return root
  if (!fragment.startsWith('/')) return anchored(root, fragment)
  const keys = fragment
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce<unknown>(
    (value, key) =>
      isContainer(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined,
    root,
  )
}

/** Returns the definition that has an anchor. */
function anchored(root: JsonObject, anchor: string): unknown {
  const definitions: unknown[] = [root['$defs'], root['definitions']].flatMap((each) =>
    isContainer(each) ? Object.values(each) : [],
  )
  return definitions.find((each) => isContainer(each) && (each as JsonObject)['$anchor'] === anchor)
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Returns a part of a URI without percent-encoding, or unchanged if its encoding is invalid. */
export function decodedFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}
