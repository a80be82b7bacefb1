import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import process from 'node:process'

import { type ModuleDeclaration, parse, type Statement } from 'acorn'

/**
 * Links guest modules into one script. The guest has no module loader and no bundler runs here, so only what
 * concatenation gets right is accepted: named relative imports without aliases, exported declarations, and no
 * statements at top level.
 *
 * Returns the body of a function, in strict mode, that returns `exportName` of the entry module.
 */
export function link(entryUrl: URL, exportName: string): string {
  const modules = new Map<string, string>()
  const owners = new Map<string, string>()
  add(entryUrl)
  if (!owners.has(exportName)) throw new Error(`${entryUrl.pathname} does not declare ${exportName}`)
  return `'use strict';\n${[...modules.values()].join('\n')}\nreturn ${exportName}`

  /**
   * Adds a module after its dependencies. A cycle would resolve in an arbitrary order; the lint rule `import/no-cycle`
   * excludes cycles.
   */
  function add(url: URL, ancestors: ReadonlySet<string> = new Set()): void {
    if (modules.has(url.href) || ancestors.has(url.href)) return
    const { code, imports, names } = readModule(url)
    for (const specifier of imports) add(new URL(specifier, url), new Set(ancestors).add(url.href))
    for (const name of names) {
      const owner = owners.get(name)
      if (owner !== undefined) throw new Error(`${name} is declared at top level in both ${owner} and ${url.pathname}`)
      owners.set(name, url.pathname)
    }
    modules.set(url.href, code)
  }
}

interface Cut {
  readonly start: number
  readonly end: number
  readonly insert?: string
}

function readModule(url: URL): { code: string; imports: string[]; names: string[] } {
  const text = readFileSync(url, 'utf8')
  const source = url.pathname.endsWith('.ts') ? withoutTypes(text) : text
  const cuts: Cut[] = []
  let lastEnd = 0
  const program = parse(source, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    // Isolates load this text for every execution, so comments, indentation and the blanks that types left are dropped.
    onToken: ({ start, end }) => {
      if (start > lastEnd) cuts.push({ start: lastEnd, end: start, insert: separator(source, lastEnd, start) })
      lastEnd = end
    },
  })
  const imports: string[] = []
  const names: string[] = []
  for (const node of program.body) {
    const unsupported = (): Error =>
      new Error(`can't link ${url.pathname}: ${source.slice(node.start, node.start + 80)}`)
    if (node.type === 'ImportDeclaration') {
      const specifier = String(node.source.value)
      const isPlain = node.specifiers.every(
        (each) => each.type === 'ImportSpecifier' && nameOf(each.imported) === each.local.name,
      )
      if (!isPlain || !specifier.startsWith('.')) throw unsupported()
      imports.push(specifier)
      cuts.push(node)
      continue
    }
    const declaration = node.type === 'ExportNamedDeclaration' && node.declaration ? node.declaration : node
    const declared = declaredNames(declaration)
    if (declared === undefined) throw unsupported()
    names.push(...declared)
    if (declaration !== node) cuts.push({ start: node.start, end: declaration.start })
  }
  cuts.push({ start: lastEnd, end: source.length })
  return { code: applyCuts(source, cuts), imports, names }
}

/**
 * Strips types without Node's warning that this function is experimental. An executor that runs from sources depends on
 * it anyway: Node's loader strips the types of every module in the same way.
 */
function withoutTypes(text: string): string {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * Returns the text that has to be between two tokens: a line break may end a statement, and a space may keep words and
 * operators apart.
 */
function separator(source: string, start: number, end: number): string {
  if (source.slice(start, end).includes('\n')) return '\n'
  return /^[\w$#+\-/<!]{2}$/.test(source.charAt(start - 1) + source.charAt(end)) ? ' ' : ''
}

function declaredNames(node: Statement | ModuleDeclaration): string[] | undefined {
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration')
    return node.id ? [node.id.name] : undefined
  if (node.type !== 'VariableDeclaration') return undefined
  const ids = node.declarations.map(({ id }) => id)
  return ids.every((id) => id.type === 'Identifier') ? ids.map((id) => id.name) : undefined
}

function nameOf(node: { type: string; name?: string; value?: unknown }): string {
  return node.type === 'Identifier' ? String(node.name) : String(node.value)
}

function applyCuts(source: string, cuts: readonly Cut[]): string {
  let code = ''
  let position = 0
  for (const { start, end, insert = '' } of cuts.toSorted((a, b) => a.start - b.start)) {
    if (start < position) continue
    code += source.slice(position, start) + insert
    position = end
  }
  return code + source.slice(position)
}
