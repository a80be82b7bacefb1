/** Bundles the guest runtime: run by a build into a file, and by an executor that runs from its sources at its start. */
import { writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

import { buildSync } from 'esbuild'

/** The scripts from which a sandbox process makes isolates. */
export interface RuntimeSource {
  /** A script whose value is the function that makes the runtime; every isolate runs it before the guest's code. */
  readonly runtime: string
  /**
   * Bodies of functions that return a rare part of the runtime each, by its name; see `guest/rare-parts.ts`. An isolate
   * compiles a part when its guest first needs it.
   */
  readonly parts: Readonly<Record<string, string>>
}

/** Modules of the rare parts of the runtime, by their exports. */
const rareModules = {
  createCallSites: 'call-sites.ts',
  createConsoleMethods: 'console-methods.ts',
  createDiscard: 'discard.ts',
  createErrorData: 'error-data.ts',
  createGroupEntries: 'group-entries.ts',
  createHints: 'hints.ts',
  createPreviewIterator: 'inspect-iterator.ts',
  createSession: 'session.ts',
  createWebGlobals: 'web/index.ts',
  describeCauses: 'error-causes.ts',
  describeRefusal: 'not-json.ts',
  endWarnings: 'warnings.ts',
  fillTemporal: 'temporal-members.ts',
  isCallbackCall: 'callback-arguments.ts',
  readPromiseStates: 'promise-states.ts',
  tableOf: 'console-table.ts',
} as const

/** Returns the scripts of the guest runtime. The same sources give the same text, whose hash is in every journal. */
export function bundleRuntime(): RuntimeSource {
  return {
    runtime: `(function () { ${functionBody(guestFile('runtime.ts'), 'createRuntime')} })()`,
    parts: Object.fromEntries(
      Object.entries(rareModules).map(([name, file]) => [name, functionBody(guestFile(file), name)]),
    ),
  }
}

/**
 * Bundles a guest module into the body of a strict function that returns one export. The format is `esm` because the code
 * that esbuild adds for the other formats calls builtins by name, which guest code may have replaced. Whitespace is
 * removed, and other characters than ASCII are escaped, because every isolate gets a copy of the text; names are kept
 * because guests see those of classes and functions.
 */
export function functionBody(entry: URL, exportName: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'esnext',
    charset: 'ascii',
    legalComments: 'none',
    minifyWhitespace: true,
  })
  const text = outputFiles[0]!.text.trimEnd()
  const ending = `export{${exportName}};`
  if (!text.endsWith(ending)) throw new Error(`${entry.pathname} must export ${exportName} and nothing else`)
  const code = text.slice(0, -ending.length)
  return `'use strict';${code}return ${exportName}`
}

const guestFile = (name: string): URL => new URL(`guest/${name}`, import.meta.url)

const [, script, outputPath] = argv
if (script === import.meta.filename && outputPath !== undefined) {
  writeFileSync(outputPath, JSON.stringify(bundleRuntime()))
}
