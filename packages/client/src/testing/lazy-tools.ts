/** Tools of a module, for tests. */
export const tools = { lazy: (): number => 1 }
