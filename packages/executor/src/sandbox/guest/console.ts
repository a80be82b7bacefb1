import type { createConsoleMethods } from './console-methods.ts'
import { defineLazyGlobal } from './define.ts'
import { createConsoleOutput } from './console-output.ts'
import type { Level } from './log-writer.ts'
import type { Primordials } from './primordials.ts'
import type { RuntimeState } from './state.ts'

const levels: readonly Level[] = ['log', 'info', 'debug', 'warn', 'error']

/** Names of the methods besides those of the levels, in the order of the console's properties. */
const otherMethods: readonly MethodName[] = [
  'dir',
  'dirxml',
  'table',
  'trace',
  'assert',
  'group',
  'groupCollapsed',
  'groupEnd',
  'time',
  'timeLog',
  'timeEnd',
  'count',
  'countReset',
  'clear',
  'timeStamp',
  'profile',
  'profileEnd',
]

type Methods = ReturnType<typeof createConsoleMethods>
type MethodName = Exclude<keyof Methods, '__proto__'>

/** Installs the global `console`, which is made at its first access. */
export function installConsole(p: Primordials, state: RuntimeState): void {
  defineLazyGlobal(p, 'console', () => createConsole(p, state))
}

/** Creates the console, whose methods other than those of the levels are loaded at the first call of one of them. */
function createConsole(p: Primordials, state: RuntimeState): object {
  const output = createConsoleOutput(p, state)
  let methods: Methods | undefined
  const console = {}

  function call(name: MethodName, args: readonly unknown[]): void {
    methods ??= state.rare('createConsoleMethods')(p, state, output)
    p.ReflectApply(methods[name], undefined, args)
  }

  function add<Name extends Level | MethodName>(
    name: Name,
    method: (name: Name, args: readonly unknown[]) => void,
  ): void {
    p.ReflectDefineProperty(console, name, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value: { [name]: (...args: unknown[]) => method(name, args) }[name],
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }

  for (let i = 0; i < levels.length; i++) add(levels[i]!, output.print)
  for (let i = 0; i < otherMethods.length; i++) add(otherMethods[i]!, call)
  p.ReflectDefineProperty(console, p.SymbolToStringTag, {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    value: 'console',
    configurable: true,
  })
  return console
}
