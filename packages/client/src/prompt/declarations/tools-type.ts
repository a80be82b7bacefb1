import type { ToolDeclaration } from '@codemode/shared'
import { shortened } from '@codemode/shared/internal'

import { NamedTypes } from './named-types.ts'
import { oneLine } from './schema-doc.ts'
import { toolSignature, type SignatureOptions } from './tool-signature.ts'
import { objectOf, type Member } from './type-text.ts'

/** Detail of the declarations: all comments, or types with the first sentence about each tool. */
export type Detail = 'full' | 'types'

/** Maximum lengths of the description of a tool. */
const maxLengths: Readonly<Record<Detail, number>> = { full: 2_000, types: 120 }

/** Namespace, with the tool of the same name if there is one. */
interface Namespace {
  tool: ToolDeclaration | undefined
  readonly parts: Map<string, Namespace>
}

/** Returns the TypeScript declaration of the global `tools` with these tools, and of the types that it uses. */
export function toolsType(tools: readonly ToolDeclaration[], detail: Detail): string {
  const named = new NamedTypes()
  const options = { named, hasDocs: detail === 'full', detail }
  const { text } = objectOf(membersOf(namespaceOf(tools), options))
  return [...named.declarations, `declare const tools: ${text}`].join('\n\n')
}

function namespaceOf(tools: readonly ToolDeclaration[]): Namespace {
  const root: Namespace = { tool: undefined, parts: new Map() }
  for (const tool of tools.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    let place = root
    for (const part of tool.name.split('.')) {
      const inner = place.parts.get(part) ?? { tool: undefined, parts: new Map() }
      place.parts.set(part, inner)
      place = inner
    }
    place.tool = tool
  }
  return root
}

function membersOf({ parts }: Namespace, options: SignatureOptions & { readonly detail: Detail }): Member[] {
  return [...parts].map(([name, part]) => {
    const { tool } = part
    const doc = tool === undefined ? [] : toolDoc(tool, options.detail)
    if (tool !== undefined && part.parts.size === 0) return { text: `${name}${toolSignature(tool, options)}`, doc }
    const call = tool === undefined ? [] : [{ text: toolSignature(tool, options), doc: [] }]
    return { text: `${name}: ${objectOf([...call, ...membersOf(part, options)]).text}`, doc }
  })
}

/** Returns the content of the comment of a tool. */
export function toolDoc({ description = '', requiresApproval }: ToolDeclaration, detail: Detail): string[] {
  const text = shortened(detail === 'full' ? description.trim() : firstSentence(description), maxLengths[detail])
  const lines = text === '' ? [] : text.split(/\r\n|[\n\r\u2028\u2029]/)
  if (requiresApproval === undefined) return lines
  return [
    ...lines,
    requiresApproval === 'always' ? 'A person must approve each call.' : 'A person may have to approve a call.',
  ]
}

/** Returns the first sentence of a text in one line. */
export function firstSentence(text: string): string {
  return oneLine(text).split(/(?<=[.!?]) /, 1)[0]!
}
