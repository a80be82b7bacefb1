/** Files of the web console that a browser loads. */
export interface ConsoleAssets {
  /** Returns the HTML page, which serves every path of the console. */
  readonly page: (options: { readonly basePath: string }) => string
  /** Files below the console's path by their names, which contain a hash of the content. */
  readonly files: ReadonlyMap<string, ConsoleFile>
}

/** File of the web console. */
interface ConsoleFile {
  readonly content: string
  readonly contentType: string
}

/** Assets of a build without the console's page. Its API works. */
export const missingAssets: ConsoleAssets = {
  page: () =>
    '<!doctype html><title>Codemode console</title><p>This build of the executor has no page of the console.</p>',
  files: new Map(),
}
