import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { renderPage } from './page.ts'

/** File of the console. */
export interface ConsoleFile {
  readonly content: string
  readonly contentType: string
}

/** Console as a server needs it: a page for every path, and the files that the page loads. */
export interface ConsoleAssets {
  /** Returns the HTML page of a console that is served below a path, such as `/console`. */
  page(options: { readonly basePath: string }): string
  /** Files by their names. A name has a hash of the content, so that it can be cached for ever. */
  readonly files: ReadonlyMap<string, ConsoleFile>
}

/** Text of the script and of the stylesheet. */
export interface ConsoleBundle {
  readonly script: string
  readonly style: string
}

/** Returns the console. Reads the files of the build; running from source, bundles them first, which takes about 0.2 s. */
export async function loadConsole(): Promise<ConsoleAssets> {
  const { script, style } = await loadBundle()
  const scriptName = hashedName('console', 'js', script)
  const styleName = hashedName('console', 'css', style)
  return {
    page: ({ basePath }) => renderPage({ basePath, scriptName, styleName }),
    files: new Map([
      [scriptName, { content: script, contentType: 'text/javascript; charset=utf-8' }],
      [styleName, { content: style, contentType: 'text/css; charset=utf-8' }],
    ]),
  }
}

async function loadBundle(): Promise<ConsoleBundle> {
  if (import.meta.filename.endsWith('.ts')) return (await import('./bundle.ts')).bundleConsole()
  const [script, style] = await Promise.all(['console.js', 'console.css'].map((name) => readBuilt(name)))
  return { script: script!, style: style! }
}

const readBuilt = (name: string): Promise<string> => readFile(new URL(`app/${name}`, import.meta.url), 'utf8')

function hashedName(name: string, extension: string, content: string): string {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16)
  return `${name}-${hash}.${extension}`
}
