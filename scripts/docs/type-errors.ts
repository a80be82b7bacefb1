/**
 * Type-checks the TypeScript of the guides. The blocks of a file are one program, in order: each sees the declarations
 * of the earlier ones, and may redeclare them. A block that imports a name for the second time starts another program.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

import type { Document } from './document.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
// The folder is where TypeScript resolves the packages of the workspace and those of the agent frameworks.
const cache = join(root, 'tests/frameworks/node_modules/.cache/docs')

/** One line of a program, and its line in the markdown file. */
type ProgramLine = readonly [text: string, line: number]

/**
 * Returns the programs of a document. Imports come first in each; every later block is a scope inside the block before
 * it.
 */
function programsOf({ blocks }: Document): ProgramLine[][] {
  const programs: { imports: ProgramLine[]; body: ProgramLine[]; names: Set<string>; scopes: number }[] = []
  for (const { line, language, lines } of blocks) {
    if (language !== 'ts') continue
    const imports: ProgramLine[] = []
    const body: ProgramLine[] = []
    let importing = false
    for (const [index, text] of lines.entries()) {
      importing ||= /^import\b(?!\()/.test(text)
      const into = importing ? imports : body
      into.push([text, line + index + 1])
      if (importing && /['"]\s*;?$/.test(text)) importing = false
    }
    const names = importedNames(imports)
    let program = programs.at(-1)
    if (program === undefined || names.some((name) => program!.names.has(name))) {
      program = { imports: [], body: [], names: new Set(), scopes: 0 }
      programs.push(program)
    } else {
      program.body.push(['{', line])
      program.scopes += 1
    }
    program.imports.push(...imports)
    program.body.push(...body)
    for (const name of names) program.names.add(name)
  }
  return programs.map(({ imports, body, scopes }) => [
    ...imports,
    ...body,
    ['}'.repeat(scopes), body.at(-1)?.[1] ?? 0],
    ['export {}', 0],
  ])
}

function importedNames(imports: readonly ProgramLine[]): string[] {
  const text = imports.map(([line]) => line).join(' ')
  const clauses = [...text.matchAll(/import\s(.*?)\sfrom\s/g)]
  return clauses.flatMap(([, clause]) => clause!.match(/[\w$]+(?=\s*(,|\}|$))/g) ?? [])
}

/**
 * Returns the errors that the workspace's TypeScript reports for the documents, each as `path(line,column): error …`.
 */
export function typeErrors(documents: readonly Document[]): string[] {
  rmSync(cache, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  const programs = documents.flatMap((document) => programsOf(document).map((lines) => ({ document, lines })))
  for (const [n, { lines }] of programs.entries()) {
    writeFileSync(join(cache, `${n}.ts`), lines.map(([text]) => text).join('\n'))
  }
  const options = {
    noEmit: true,
    composite: false,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions: options, include: ['*.ts'] }
  writeFileSync(join(cache, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(execPath, [tsc, '-p', cache, '--pretty', 'false'], {
    cwd: cache,
    encoding: 'utf8',
  })
  if (status !== 0 && stdout === '') throw new Error(`tsc ended with ${status} and printed no message`)
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((message) =>
      message.replace(/^(\d+)\.ts\((\d+),(\d+)\)/, (_, n: string, line: string, column: string) => {
        const { document, lines } = programs[Number(n)]!
        return `${document.path}(${lines[Number(line) - 1]![1]},${column})`
      }),
    )
}
