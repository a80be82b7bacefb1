/** Bundles the browser's part of the console: run by a build into a folder, and by an executor that runs from its sources. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'

import type { ConsoleBundle } from './assets.ts'
import { licencesOf } from './licences.ts'

/**
 * Bundles the application into one script and one stylesheet, with the licences of the packages in them. The same sources
 * give the same texts.
 */
export async function bundleConsole(): Promise<ConsoleBundle & { readonly licences: string }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('app/main.tsx', import.meta.url))],
    outdir: 'console',
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'inline',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  })
  const text = (extension: string) => outputFiles.find(({ path }) => path.endsWith(extension))!.text
  return { script: text('.js'), style: text('.css'), licences: licencesOf(metafile) }
}

const [, script, outputFolder] = argv
if (script === import.meta.filename && outputFolder !== undefined) {
  const bundle = await bundleConsole()
  mkdirSync(outputFolder, { recursive: true })
  writeFileSync(join(outputFolder, 'console.js'), bundle.script)
  writeFileSync(join(outputFolder, 'console.css'), bundle.style)
  writeFileSync(join(outputFolder, 'LICENSES.txt'), bundle.licences)
}
