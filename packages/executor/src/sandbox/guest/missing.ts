/** Default of a parameter that the `length` of a function must not count. */
export const missing: unknown = undefined
