import { join } from 'node:path'

import { build as esbuild } from 'esbuild'
import { build as rolldown } from 'rolldown'
import { build as vite } from 'vite'
import webpack from 'webpack'

/** One run of a bundler: `entry` and everything that it imports go into the file `name` in `folder`. */
interface Bundling {
  readonly entry: string
  readonly folder: string
  readonly name: string
}

/** Bundlers and their formats, with the options that their documents give for programs of Node. */
export const bundlers = [
  {
    bundler: 'esbuild, as an ES module',
    name: 'esbuild.mjs',
    bundle: ({ entry, folder, name }: Bundling) =>
      esbuild({
        entryPoints: [entry],
        outfile: join(folder, name),
        bundle: true,
        platform: 'node',
        format: 'esm',
        // Dependencies that are CommonJS call `require`.
        banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)` },
      }),
  },
  {
    bundler: 'esbuild, as CommonJS',
    name: 'esbuild.cjs',
    bundle: ({ entry, folder, name }: Bundling) =>
      esbuild({ entryPoints: [entry], outfile: join(folder, name), bundle: true, platform: 'node', logLevel: 'error' }),
  },
  {
    bundler: 'rolldown',
    name: 'rolldown.mjs',
    bundle: ({ entry, folder, name }: Bundling) =>
      rolldown({ input: entry, platform: 'node', output: { file: join(folder, name), codeSplitting: false } }),
  },
  {
    bundler: 'webpack',
    name: 'webpack.cjs',
    bundle: ({ entry, folder, name }: Bundling) =>
      new Promise<void>((resolve, reject) => {
        const output = { path: folder, filename: name }
        webpack({ mode: 'none', target: 'node', entry, output }, (error, stats) => {
          if (error) reject(error)
          else if (stats!.hasErrors() || stats!.hasWarnings()) reject(new Error(stats!.toString({ colors: false })))
          else resolve()
        })
      }),
  },
  {
    bundler: 'Vite, for SSR',
    name: 'vite.mjs',
    bundle: ({ entry, folder, name }: Bundling) =>
      vite({
        configFile: false,
        logLevel: 'error',
        root: join(entry, '..'),
        ssr: { noExternal: true },
        build: {
          ssr: entry,
          outDir: folder,
          emptyOutDir: false,
          rolldownOptions: { output: { entryFileNames: name, codeSplitting: false } },
        },
      }),
  },
] as const satisfies readonly { bundler: string; name: string; bundle: (bundling: Bundling) => Promise<unknown> }[]
