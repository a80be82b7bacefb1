import type { Primordials } from './primordials.ts'

const readOnly = (): boolean => false

type Call = (tool: string, args: readonly unknown[]) => Promise<unknown>

/**
 * Creates the object behind the global `tools`: `tools.github.list_issues` and `tools['github.list_issues']` are the
 * same function. A name that is no tool is a function as well, whose call is rejected with the available names. Symbols
 * and `then` are undefined, so that `await tools` and printing it are harmless.
 */
export function createToolsObject(p: Primordials, names: readonly string[], call: Call): object {
  const known = new p.Set<string>()
  for (let i = 0; i < names.length; i++) addWithPrefixes(p, known, names[i]!)
  const nodes = new p.Map<string, object>()

  function nodeAt(path: string): object {
    const existing = p.mapGet(nodes, path)
    if (existing !== undefined) return existing
    const node = makeNode(path)
    if (p.setHas(known, path)) p.mapSet(nodes, path, node)
    return node
  }

  function makeNode(path: string, isRoot = false): object {
    const target: object = isRoot ? p.ObjectCreate(p.objectPrototype) : () => undefined
    const pathTo = (key: string) => (isRoot ? key : `${path}.${key}`)
    const isKnown = (key: string | symbol): key is string => typeof key === 'string' && p.setHas(known, pathTo(key))
    return new p.Proxy(target, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      apply: (_target: object, _self: unknown, args: readonly unknown[]) => call(path, args),
      get(_target: object, key: string | symbol, receiver: unknown) {
        if (typeof key === 'symbol') return undefined
        if (isKnown(key)) return nodeAt(pathTo(key))
        if (key === 'then' || key === 'toJSON') return undefined
        // An inherited getter of user code gets the receiver, because only the runtime may see the target.
        if (p.ReflectHas(target, key)) return p.ReflectGet(target, key, receiver)
        return nodeAt(pathTo(key))
      },
      has: (_target: object, key: string | symbol) => isKnown(key),
      ownKeys: () => childrenOf(p, names, isRoot ? '' : `${path}.`),
      getOwnPropertyDescriptor: (_target: object, key: string | symbol) =>
        isKnown(key)
          ? {
              __proto__: null,
              value: nodeAt(pathTo(key)),
              writable: false,
              enumerable: true,
              configurable: true,
            }
          : undefined,
      set: readOnly,
      defineProperty: readOnly,
      deleteProperty: readOnly,
      setPrototypeOf: readOnly,
      preventExtensions: readOnly,
    })
  }

  return makeNode('', true)
}

function addWithPrefixes(p: Primordials, known: Set<string>, name: string): void {
  for (let dot = p.stringIndexOf(name, '.'); dot !== -1; dot = p.stringIndexOf(name, '.', dot + 1)) {
    p.setAdd(known, p.stringSlice(name, 0, dot))
  }
  p.setAdd(known, name)
}

function childrenOf(p: Primordials, names: readonly string[], prefix: string): string[] {
  const children: string[] = []
  for (let i = 0; i < names.length; i++) {
    if (!p.stringStartsWith(names[i]!, prefix)) continue
    const rest = p.stringSlice(names[i]!, prefix.length)
    const dot = p.stringIndexOf(rest, '.')
    const child = dot === -1 ? rest : p.stringSlice(rest, 0, dot)
    if (!p.arrayIncludes(children, child)) p.arrayPush(children, child)
  }
  return children
}
