/** Bundles the guest runtime: run by `prepack` into a file, and by an executor that runs from its sources at its start. */
import { writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

import { buildSync } from 'esbuild'

import type { RuntimeSource } from './runtime-source.ts'

/** Returns the scripts of the guest runtime. The same sources give the same text, whose hash is in every journal. */
export function bundleRuntime(): RuntimeSource {
  return {
    runtime: `(function () { ${functionBody(guestFile('runtime.ts'), 'createRuntime')} })()`,
    web: functionBody(guestFile('web/index.ts'), 'createWebGlobals'),
  }
}

/**
 * Bundles a guest module into the body of a strict function that returns one export. The format is `esm` because the code
 * that esbuild adds for the other formats calls builtins by name, which guest code may have replaced. Whitespace is
 * removed because every isolate parses the text; names are kept because guests see those of classes and functions.
 */
export function functionBody(entry: URL, exportName: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'esnext',
    charset: 'utf8',
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
