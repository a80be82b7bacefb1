import type { Primordials } from './primordials.ts'

/** Names that JavaScript or the runtime itself reads on `tools`. No tool has them. */
const reserved = ['then', 'constructor', 'prototype', '__proto__', 'toJSON', 'toString']

/** Built-in tools of the client, by which code discovers the others. No other name begins with `$`. */
const builtIn = ['$search', '$describe', '$list']

/** Maximum length of a name that may be a tool. */
const maxLength = 256

/** Names of the tools that code may call, and the namespaces in them. */
export interface ToolNames {
  /** Names of the tools, in the order of the execution's request, without the built-in ones. */
  readonly all: readonly string[]
  /** Returns the tool or the namespace that code means by a path; undefined if there is none. */
  find(path: string): string | undefined
  isTool(name: string): boolean
}

export function createToolNames(p: Primordials, given: readonly string[]): ToolNames {
  const tools = new p.Set<string>()
  const known = new p.Set<string>()
  const all: string[] = []
  for (let i = 0; i < given.length; i++) {
    if (isBuiltIn(p, given[i]!)) {
      p.setAdd(known, given[i]!)
      p.setAdd(tools, given[i]!)
      continue
    }
    p.arrayPush(all, given[i]!)
    add(given[i]!)
  }

  /** Adds a name and its namespaces, unless a part of it is reserved. */
  function add(name: string): void {
    let start = 0
    for (;;) {
      const dot = p.stringIndexOf(name, '.', start)
      const part = p.stringSlice(name, start, dot === -1 ? name.length : dot)
      if (isReserved(p, part)) return
      if (dot === -1) break
      start = dot + 1
    }
    for (let dot = p.stringIndexOf(name, '.'); dot !== -1; dot = p.stringIndexOf(name, '.', dot + 1)) {
      p.setAdd(known, p.stringSlice(name, 0, dot))
    }
    p.setAdd(known, name)
    p.setAdd(tools, name)
  }

  return {
    all,
    find(path) {
      if (path.length > maxLength) return undefined
      if (p.setHas(known, path)) return path
      const name = sanitised(p, path)
      return p.setHas(known, name) ? name : undefined
    },
    isTool: (name) => p.setHas(tools, name),
  }
}

/** Returns whether a tool is a built-in one of the client. */
export function isBuiltIn(p: Primordials, name: string): boolean {
  return p.arrayIncludes(builtIn, name)
}

function isReserved(p: Primordials, part: string): boolean {
  return p.arrayIncludes(reserved, part) || p.stringStartsWith(part, '$')
}

/**
 * Returns a name as the client sends it: identifiers joined by dots, with `_` for each character that an identifier
 * can't have, and before a first character that can only follow.
 */
function sanitised(p: Primordials, name: string): string {
  // Made here, because most code needs neither, and V8 builds their classes in each isolate.
  const identifierStart = /[\p{ID_Start}_$]/u
  const identifierPart = /[\p{ID_Continue}$\u200c\u200d]/u
  const text = p.stringNormalize(name, 'NFC')
  let result = ''
  let isFirst = true
  for (let i = 0; i < text.length;) {
    const character = p.StringFromCodePoint(p.stringCodePointAt(text, i)!)
    i += character.length
    if (character === '.') {
      result += isFirst ? '_.' : '.'
      isFirst = true
      continue
    }
    const shown = p.regExpExec(identifierPart, character) === null ? '_' : character
    result += isFirst && p.regExpExec(identifierStart, shown) === null ? `_${shown}` : shown
    isFirst = false
  }
  return isFirst ? `${result}_` : result
}
