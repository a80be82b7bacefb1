/** Path into a value: the names of fields and the indexes of items, outermost first. */
export type Path = readonly PropertyKey[]

/** Returns the text of a path, such as `tools[0].name`; empty for the value itself. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}

/** Returns the value at a path; undefined if there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((at, part) => {
    const isInside = typeof at === 'object' && at !== null && Object.hasOwn(at, part)
    return isInside ? (at as Readonly<Record<PropertyKey, unknown>>)[part] : undefined
  }, value)
}
