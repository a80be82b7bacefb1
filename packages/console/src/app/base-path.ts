import { queryOf, type QueryValues } from './text/query.ts'

/** Path below which the console is served, such as `/console`. */
export const basePath = document.querySelector<HTMLMetaElement>('meta[name="codemode-console-path"]')!.content

/** Path of the console's API. */
export const apiPath = `${basePath}/api`

/** Returns the path of a page of the console. */
export function pagePath(path: string, query: QueryValues = {}): string {
  return `${basePath}${path}${queryOf(query)}`
}
