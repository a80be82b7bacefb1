import type { Contents, ContentsOf } from '../contents.ts'
import type { Primordials } from '../primordials.ts'
import type { SearchParams } from './url-search-params.ts'

/** Names of the accessors that show an object of a class, as in Node. */
const shown = {
  URL: 'href origin protocol username password host hostname port pathname search searchParams hash',
  AbortController: 'signal',
  AbortSignal: 'aborted',
  CustomEvent: 'type defaultPrevented cancelable timeStamp detail',
  Event: 'type defaultPrevented cancelable timeStamp',
  TextDecoder: 'encoding fatal ignoreBOM',
  TextEncoder: 'encoding',
}

type ClassName = keyof typeof shown

/**
 * Creates the function that returns what an object of the web globals holds, so that the console can show it. It keeps the
 * accessors as they are now, before user code can change them.
 */
export function createContentsOf(
  p: Primordials,
  classes: Readonly<Record<ClassName, { readonly prototype: object }>>,
  { contentsOfParams }: SearchParams,
): ContentsOf {
  const fields = new p.Map<object, { name: string; get: () => unknown }[]>()
  const classNames = p.ObjectKeys(shown) as ClassName[]
  for (let index = 0; index < classNames.length; index++) {
    const { prototype } = classes[classNames[index]!]
    p.mapSet(fields, prototype, accessorsOf(p, prototype, shown[classNames[index]!]))
  }

  return (value) => {
    let each = p.ReflectGetPrototypeOf(value)
    for (let steps = 0; each !== null && steps < 100; steps++) {
      const accessors = p.mapGet(fields, each)
      if (accessors !== undefined) return read(value, accessors)
      each = p.ReflectGetPrototypeOf(each)
    }
    return contentsOfParams(value)
  }

  function read(value: object, accessors: readonly { name: string; get: () => unknown }[]): Contents | undefined {
    const list: unknown[] = []
    try {
      for (let index = 0; index < accessors.length; index++) {
        p.arrayPush(list, accessors[index]!.name)
        p.arrayPush(list, p.ReflectApply(accessors[index]!.get, value, []))
      }
    } catch {
      // The object only inherits from the class.
      return undefined
    }
    return { kind: 'fields', list }
  }
}

/** Returns the accessors with the given names, of a prototype or of one that it inherits from. */
function accessorsOf(p: Primordials, prototype: object, names: string): { name: string; get: () => unknown }[] {
  const accessors: { name: string; get: () => unknown }[] = []
  let start = 0
  while (start < names.length) {
    const space = p.stringIndexOf(names, ' ', start)
    const name = p.stringSlice(names, start, space === -1 ? names.length : space)
    const owner = p.ObjectHasOwn(prototype, name) ? prototype : p.ReflectGetPrototypeOf(prototype)!
    p.arrayPush(accessors, { name, get: p.ReflectGetOwnPropertyDescriptor(owner, name)!.get! })
    start += name.length + 1
  }
  return accessors
}
