import type { Primordials } from './primordials.ts'
import type { ToolNames } from './tool-names.ts'

type Call = (tool: string, args: readonly unknown[]) => Promise<unknown>

/**
 * Creates the object behind the global `tools`: `tools.github.list_issues` and `tools['github.list_issues']` are the
 * same function. A name that is no tool is undefined, as are symbols and the names that JavaScript reads by itself, so
 * that `await tools` and printing it are harmless.
 */
export function createToolsObject(p: Primordials, names: ToolNames, call: Call): object {
  const nodes = new p.Map<string, object>()

  function nodeAt(name: string): object {
    const existing = p.mapGet(nodes, name)
    if (existing !== undefined) return existing
    const node = makeNode(name)
    p.mapSet(nodes, name, node)
    return node
  }

  function makeNode(path: string, isRoot = false): object {
    const target: object = names.isTool(path) ? () => undefined : p.ObjectCreate(p.objectPrototype)
    const prefix = isRoot ? '' : `${path}.`
    const find = (key: string | symbol): string | undefined =>
      typeof key === 'string' ? names.find(prefix + key) : undefined
    return new p.Proxy(target, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      apply: (_target: object, _self: unknown, args: readonly unknown[]) => call(path, args),
      get(_target: object, key: string | symbol, receiver: unknown) {
        if (typeof key === 'symbol') return undefined
        const name = find(key)
        if (name !== undefined) return nodeAt(name)
        if (key === 'then' || key === 'toJSON') return undefined
        // An inherited getter of user code gets the receiver, because only the runtime may see the target.
        return p.ReflectHas(target, key) ? p.ReflectGet(target, key, receiver) : undefined
      },
      has: (_target: object, key: string | symbol) => find(key) !== undefined,
      ownKeys: () => childrenOf(p, names, prefix),
      getOwnPropertyDescriptor: (_target: object, key: string | symbol) => {
        const name = find(key)
        if (name === undefined) return undefined
        return { __proto__: null, value: nodeAt(name), writable: false, enumerable: true, configurable: true }
      },
      set: (_target: object, key: string | symbol) => refuse(p, `set ${shown(p, prefix, key)}`),
      deleteProperty: (_target: object, key: string | symbol) => refuse(p, `delete ${shown(p, prefix, key)}`),
      defineProperty: () => false,
      setPrototypeOf: () => false,
      preventExtensions: () => false,
    })
  }

  return makeNode('', true)
}

/** Defines the global `tools`, which code can read, but not replace. It is made at its first access. */
export function defineTools(p: Primordials, make: () => object): void {
  let tools: object | undefined
  p.ReflectDefineProperty(p.globalThis, 'tools', {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    get: () => (tools ??= make()),
    set: () => refuse(p, 'set tools'),
    enumerable: false,
    configurable: true,
  })
}

function refuse(p: Primordials, change: string): never {
  throw new p.TypeError(
    `Cannot ${change}: the tools are given by the host and cannot be changed. ` +
      'Keep a function of your own in a variable: const myTool = async (input) => …',
  )
}

function shown(p: Primordials, prefix: string, key: string | symbol): string {
  return `tools.${prefix}${typeof key === 'symbol' ? p.symbolToString(key) : key}`
}

function childrenOf(p: Primordials, { all, find }: ToolNames, prefix: string): string[] {
  const children: string[] = []
  for (let i = 0; i < all.length; i++) {
    if (!p.stringStartsWith(all[i]!, prefix)) continue
    const rest = p.stringSlice(all[i]!, prefix.length)
    const dot = p.stringIndexOf(rest, '.')
    const child = dot === -1 ? rest : p.stringSlice(rest, 0, dot)
    if (!p.arrayIncludes(children, child) && find(prefix + child) !== undefined) p.arrayPush(children, child)
  }
  return children
}
