import { parseAnyDialect } from './dialects.ts'
import { type AnyNode, isNode } from './patterns.ts'
import { positionOf } from './position.ts'
import { SourceError } from './source-error.ts'

/** Maximum number of characters between `await` and the token after it. */
const maxGap = 200

/**
 * Returns the error for an `await` in a function that is not async, with the function's name; undefined if that is not
 * the cause. To a parser, such an `await` is a name, so it refuses what comes after it.
 */
export function improveAwait(error: SourceError, code: string, offset: number): SourceError | undefined {
  const at = /^Unexpected|await/.test(error.message) ? offsetOfAwait(code, offset) : undefined
  if (at === undefined) return undefined
  const hint = hintAbout(
    code,
    at,
    /await/.test(error.message) || /^[\p{ID_Start}$_]/u.test(code.slice(offset, offset + 2)),
  )
  if (hint === undefined) return undefined
  const position = positionOf(code, at)
  return new SourceError("Unexpected 'await': it is only valid in async functions and at the top level", position, {
    hint,
  })
}

function offsetOfAwait(code: string, offset: number): number | undefined {
  if (/^await\b/.test(code.slice(offset, offset + 6))) return offset
  const before = code.slice(Math.max(0, offset - maxGap), offset).trimEnd()
  const start = offset - Math.min(offset, maxGap) + before.length - 'await'.length
  return before.endsWith('await') && !/[\w$.]/.test(code[start - 1] ?? '') ? start : undefined
}

interface Owner {
  readonly node: AnyNode
  readonly name: string | undefined
  /** Kind of the method that the function is; undefined for another function. */
  readonly kind: unknown
}

/**
 * Returns what to do about the innermost function around an offset, unless it is async. If the program has other errors
 * as well, the function has no name, and there is one only if `isLikely`.
 */
function hintAbout(code: string, offset: number, isLikely: boolean): string | undefined {
  // The name `await` of a declaration is no await.
  if (/\b(?:let|const|var|class|function\*?)\s+$/.test(code.slice(Math.max(0, offset - maxGap), offset)))
    return undefined
  // `void` has the length and the syntax of `await`, but for a space.
  const text = code
    .replaceAll(/\bfor\s+await\b/g, (found) => found.replace('await', '     '))
    .replaceAll(/\bawait\b/g, 'void ')
  let found: Owner | undefined
  try {
    visit(parseAnyDialect(text).program as unknown as AnyNode, undefined, undefined)
  } catch {
    return isLikely ? 'Make the function async, because it uses await.' : undefined
  }
  return found && !found.node['async'] ? hintOf(found, code) : undefined

  function visit(node: AnyNode, name: string | undefined, kind: unknown): void {
    if (offset < node.start || offset >= node.end) return
    if (/Function/.test(node.type)) found = { node, name: nameOf(node['id']) ?? name, kind }
    const own = nameOf(node['key']) ?? nameOf(node['left']) ?? nameOf(node['id']) ?? argumentOf(node)
    for (const child of Object.values(node)) {
      for (const each of Array.isArray(child) ? child : [child]) if (isNode(each)) visit(each, own, node['kind'])
    }
  }
}

function hintOf({ node, name, kind }: Owner, code: string): string {
  const { line } = positionOf(code, node.start)
  if (kind === 'constructor')
    return `A constructor can't be async (line ${line}): await before you call new, or in an async method.`
  if (kind === 'get') return `A getter can't be async (line ${line}): make ${name ?? 'it'} an async method.`
  if (kind === 'set') return `A setter can't be async (line ${line}): make ${name ?? 'it'} an async method.`
  const owner = name === undefined ? `the function of line ${line}` : `the function ${name} (line ${line})`
  return `Make ${owner} async, because it uses await.`
}

/** Returns the name of an identifier, a private name or a member. */
function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'MemberExpression') return nameOf(node['property'])
  return node.type === 'Identifier' || node.type === 'PrivateIdentifier' ? (node['name'] as string) : undefined
}

function argumentOf(node: AnyNode): string | undefined {
  const callee = node.type === 'CallExpression' ? nameOf(node['callee']) : undefined
  return callee && `that is passed to ${callee}`
}
