/** Turns a method into a function that takes the receiver as its first argument. */
export type Uncurry<Self> = <Args extends unknown[], Result>(
  method: (this: Self, ...args: Args) => Result,
) => (self: Self, ...args: Args) => Result

/** Creates the functions that uncurry methods and getters. It must be called before user code runs. */
export function createUncurry() {
  const { bind, call } = Function.prototype
  const { getOwnPropertyDescriptor } = Reflect
  const uncurry = bind.bind(call) as unknown as Uncurry<never>
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- they say what the descriptor can't
  const getter = <Self, Value>(prototype: object, name: PropertyKey): ((self: Self) => Value) =>
    uncurry(getOwnPropertyDescriptor(prototype, name)?.get as never) as never
  return { uncurry, getter }
}
