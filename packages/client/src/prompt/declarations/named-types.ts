import type { JsonObject } from '@codemode/shared'

import { decodedFragment } from './local-reference.ts'
import type { TypeText } from './type-text.ts'

/** Names of types of the language and of the web, which a model would take for those. */
const taken = new Set(
  (
    'Array Awaited Blob Boolean Date Element Error Event Exclude Extract File Function Headers Iterator JSON Map Math Node ' +
    'NonNullable Number Object Omit Parameters Partial Pick Promise Proxy Readonly Record RegExp Request Required Response ' +
    'ReturnType Set String Symbol Text ToolError URL'
  ).split(' '),
)

/** Schema that references name, and its place. */
export interface Target {
  /** Schema that the pointer of the reference names. */
  readonly schema: unknown
  /** Pointer of the reference, such as `#/$defs/Node`. */
  readonly pointer: string
  /** Schema whose parts the pointers in the target name. */
  readonly root: JsonObject
  /** Whether the type is that of an input, in which properties with a default may be absent. */
  readonly isInput: boolean
}

interface NamedType {
  readonly name: string
  text: string
}

/** Texts by which the targets in a schema are compared. */
interface RootTexts {
  readonly whole: string
  /** Its definitions; undefined if they refer to a schema outside of them. */
  readonly shared: string | undefined
}

function textsOf(root: JsonObject): RootTexts {
  const definitions = JSON.stringify([root['$defs'], root['definitions']])
  const isShared = !/"\$ref":"#(?!\/(?:\$defs|definitions)\/)/.test(definitions)
  return { whole: JSON.stringify(root), shared: isShared ? definitions : undefined }
}

/** Types with names, for the schemas that references name. Equal ones of several tools are one type. */
export class NamedTypes {
  readonly #byKey = new Map<string, NamedType>()
  readonly #names = new Set<string>()
  readonly #texts = new Map<JsonObject, RootTexts>()

  /** Returns the type of a target. Calls `write` for its text if the type is new. */
  typeOf(target: Target, fallbackName: string, write: () => TypeText): TypeText {
    const key = this.#keyOf(target)
    const existing = this.#byKey.get(key)
    if (existing !== undefined) return { text: existing.name }
    const type: NamedType = { name: this.#freeName(target.pointer, fallbackName), text: '' }
    this.#byKey.set(key, type)
    this.#names.add(type.name)
    type.text = write().text
    return { text: type.name }
  }

  /** Returns the declarations of the types, in the order in which they were made. */
  get declarations(): string[] {
    return [...this.#byKey.values()].map(({ name, text }) => `type ${name} = ${text}`)
  }

  /** Returns a text that is equal for targets with the same type: the same pointer, into the same definitions. */
  #keyOf({ pointer, root, isInput }: Target): string {
    let texts = this.#texts.get(root)
    if (texts === undefined) this.#texts.set(root, (texts = textsOf(root)))
    const text = texts.shared !== undefined && /^#\/(?:\$defs|definitions)\//.test(pointer) ? texts.shared : texts.whole
    return `${pointer}\n${isInput && text.includes('"default":') ? 'input' : ''}\n${text}`
  }

  #freeName(pointer: string, fallbackName: string): string {
    const last = pointer === '#' ? fallbackName : decodedFragment(pointer.split('/').at(-1)!)
    const base = pascalCase(last) || pascalCase(fallbackName) || 'Type'
    for (let n = 1; ; n++) {
      const name = n === 1 ? base : `${base}${n}`
      if (!this.#names.has(name) && !taken.has(name)) return name
    }
  }
}

function pascalCase(text: string): string {
  const words = text.split(/[^$\p{ID_Continue}]+/u).filter((word) => word !== '')
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return /^[$_\p{ID_Start}]/u.test(name) || name === '' ? name : `T${name}`
}
