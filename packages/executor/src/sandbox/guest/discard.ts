import { defineHidden } from './define.ts'
import { missing } from './missing.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'

/** Function to which code passes what it may discard. `self` is the function itself, to mark the end of an insertion. */
type Discard = (value: unknown, self: unknown, isExecutor?: number) => unknown

type Callback = (this: unknown, ...args: unknown[]) => unknown
/** Functions that stand for builtins, with the builtins. */
type Originals = WeakMap<object, Callback>

/** Name of the function in the code, and methods that the code calls. */
interface DiscardOptions {
  readonly name: string
  readonly forEach: boolean
}

/**
 * Creates the function to which code passes what it may discard; `child/source/discarded-promises.ts` inserts the calls.
 * It watches a promise and returns it. For the executor of `new Promise` that is an async function, it returns a function
 * that watches what the executor returns. The code sees nothing of this: the texts of its functions are without the
 * insertions, and callbacks of `forEach` are watched by the builtin methods. It must be called before user code runs.
 */
export function createDiscard(p: Primordials, { watch }: PromiseWatch, options: DiscardOptions): Discard {
  const originals: Originals = new p.WeakMap()
  const watching = (value: unknown): unknown => {
    if (!isAsyncFunction(p, value)) return value
    return function (this: unknown, ...args: unknown[]): unknown {
      const returned: unknown = p.ReflectApply(value, this, args)
      watch(returned)
      return returned
    }
  }
  hideInsertions(p, options.name, originals)
  if (options.forEach) {
    const prototypes = [Array.prototype, p.typedArrayPrototype, p.mapPrototype, p.setPrototype, p.iteratorPrototype]
    for (let i = 0; i < prototypes.length; i++) watchForEach(p, prototypes[i]!, { originals, watching })
  }

  return (value, _self, isExecutor) => {
    if (isExecutor === undefined) watch(value)
    else if (p.ReflectGetOwnPropertyDescriptor(p.globalThis, 'Promise')?.value === p.Promise) return watching(value)
    return value
  }
}

/** Replaces `forEach` of a builtin prototype by one that watches what an async callback returns. */
function watchForEach(
  p: Primordials,
  prototype: object,
  { originals, watching }: { readonly originals: Originals; readonly watching: (value: unknown) => unknown },
): void {
  const original = p.ReflectGet(prototype, 'forEach') as Callback
  // A method can't be constructed, like the builtin.
  const { forEach } =
    prototype === p.iteratorPrototype
      ? {
          forEach(this: unknown, callback: unknown): unknown {
            return p.ReflectApply(original, this, [watching(callback)])
          },
        }
      : {
          forEach(this: unknown, callback: unknown, thisArgument: unknown = missing): unknown {
            return p.ReflectApply(original, this, [watching(callback), thisArgument])
          },
        }
  p.weakMapSet(originals, forEach, original)
  defineHidden(p, prototype, 'forEach', forEach)
}

/** Makes `Function.prototype.toString`, and the runtime, show functions as they are in the code that was sent. */
function hideInsertions(p: Primordials, name: string, originals: Originals): void {
  const original = p.ReflectGet(p.functionPrototype, 'toString') as Callback
  const textOf = p.functionToString
  p.functionToString = (self) => withoutInsertions(p, textOf(self), name)
  const { toString } = {
    toString(this: object): string {
      const shown = p.weakMapHas(originals, this) ? p.weakMapGet(originals, this) : this
      return p.functionToString(shown as object)
    },
  }
  p.weakMapSet(originals, toString, original)
  defineHidden(p, p.functionPrototype, 'toString', toString)
}

/** Removes `name(`, `,name)` and `,name,1)` from a text. */
function withoutInsertions(p: Primordials, text: string, name: string): string {
  let rest = ''
  let copied = 0
  for (let at = p.stringIndexOf(text, name); at !== -1; at = p.stringIndexOf(text, name, copied)) {
    const end = at + name.length
    const isStart = text[end] === '('
    rest += p.stringSlice(text, copied, isStart ? at : at - 1)
    copied = end + (text[end] === ',' ? 3 : 1)
  }
  return copied === 0 ? text : rest + p.stringSlice(text, copied)
}

function isAsyncFunction(p: Primordials, value: unknown): value is Callback {
  try {
    return typeof value === 'function' && p.ReflectGetPrototypeOf(value) === p.AsyncFunction.prototype
  } catch {
    return false
  }
}
