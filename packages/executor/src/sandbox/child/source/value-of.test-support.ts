import { prepareSource } from './prepare-source.ts'

const AsyncFunction = (async () => {}).constructor as FunctionConstructor

/** Globals that a function that is the program gets. */
export const inputs = { tools: { name: 'tools' }, input: { n: 20 }, context: { user: 'u' }, config: { mode: 'm' } }

/** Outcome of code: its value, and the start of the warning for code that has none. */
export interface Outcome {
  readonly value: unknown
  readonly warning: string | undefined
}

/** Compiles the body as the guest does, and runs it. */
export async function outcomeOf(code: string): Promise<Outcome> {
  const prepared = prepareSource(code)
  if (!prepared.ok) throw new Error(`${prepared.message} at ${prepared.line}:${prepared.column}`)
  const names = Object.keys(inputs)
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name))
  Object.assign(globalThis, inputs)
  try {
    const value: unknown = await new AsyncFunction('console', prepared.body)({ log() {}, error() {} })
    return { value, warning: value === undefined ? prepared.warning?.message : undefined }
  } finally {
    for (const [n, name] of names.entries()) {
      if (before[n] === undefined) Reflect.deleteProperty(globalThis, name)
      else Object.defineProperty(globalThis, name, before[n])
    }
  }
}
