/** Contents of an object of the platform that are not among its properties. */
export type Contents =
  /** Names and values, one after the other, that are shown as properties. */
  | { readonly kind: 'fields'; readonly list: readonly unknown[] }
  /** Keys and values, one after the other, that are shown as those of a map. */
  | { readonly kind: 'pairs'; readonly list: readonly unknown[] }
  | { readonly kind: 'items'; readonly list: readonly unknown[] }
  /** Text that stands for the object, after the name of its class. */
  | { readonly kind: 'text'; readonly text: string }

/** Returns the contents of an object; undefined for one that the function does not know. It runs no code of the guest. */
export type ContentsOf = (value: object) => Contents | undefined
