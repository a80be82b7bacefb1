/** Path below which the console is served, such as `/console`. */
export const basePath = document.querySelector<HTMLMetaElement>('meta[name="codemode-console-path"]')!.content

/** Path of the console's API. */
export const apiPath = `${basePath}/api`

/** Returns the path of a page of the console. */
export function pagePath(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const pairs = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  )
  const text = new URLSearchParams(pairs).toString()
  return `${basePath}${path}${text === '' ? '' : `?${text}`}`
}
