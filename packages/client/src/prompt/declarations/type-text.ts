/** Texts of TypeScript types. */

/** Maximum length of an object type that is written in one line. */
const lineLength = 80

/** Text of a type, and whether an operator joins its parts, so that it needs parentheses as an operand. */
export interface TypeText {
  readonly text: string
  readonly joinedBy?: '|' | '&' | undefined
}

/** Property of an object type. */
export interface Member {
  /** Property with its type, such as `city?: string`. */
  readonly text: string
  /** Content of its documentation comment, one line each; empty if there is none. */
  readonly doc: readonly string[]
}

export const unknownType: TypeText = { text: 'unknown' }
export const neverType: TypeText = { text: 'never' }

/** Returns the union of types. `unknown` absorbs the others, and `never` is absorbed. */
export function unionOf(types: readonly TypeText[]): TypeText {
  const texts = distinct(types.filter(({ text }) => text !== 'never'))
  if (texts.some(({ text }) => text === 'unknown')) return unknownType
  return joined(texts, '|') ?? neverType
}

/** Returns the intersection of types. `never` absorbs the others, and `unknown` is absorbed. */
export function intersectionOf(types: readonly TypeText[]): TypeText {
  const texts = distinct(types.filter(({ text }) => text !== 'unknown'))
  if (texts.some(({ text }) => text === 'never')) return neverType
  return joined(texts, '&') ?? unknownType
}

function distinct(types: readonly TypeText[]): TypeText[] {
  return [...new Map(types.map((type) => [type.text, type])).values()]
}

function joined(types: readonly TypeText[], operator: '|' | '&'): TypeText | undefined {
  if (types.length < 2) return types[0]
  const parts = types.map((type) =>
    type.joinedBy === undefined || type.joinedBy === operator ? type.text : `(${type.text})`,
  )
  return { text: parts.join(` ${operator} `), joinedBy: operator }
}

/** Returns the type of an array with elements of a type. */
export function arrayOf({ text, joinedBy }: TypeText): TypeText {
  return { text: joinedBy === undefined ? `${text}[]` : `(${text})[]` }
}

/** Returns an object type: in one line if it is short and its properties have no comments. */
export function objectOf(members: readonly Member[]): TypeText {
  if (members.length === 0) return { text: '{}' }
  const texts = members.map(({ text }) => text)
  const line = `{ ${texts.join('; ')} }`
  const isShort = line.length <= lineLength && !line.includes('\n') && members.every(({ doc }) => doc.length === 0)
  if (isShort) return { text: line }
  return { text: `{\n${members.map((member) => indent(withDoc(member))).join('\n')}\n}` }
}

function withDoc({ doc, text }: Member): string {
  return `${docComment(doc)}${text}`
}

/** Returns a documentation comment that ends with a line break; an empty text for no lines. */
export function docComment(lines: readonly string[]): string {
  if (lines.length === 0) return ''
  // The end of a comment within a description would end this one.
  const safe = lines.map((line) => line.replaceAll('*/', '*\\/'))
  return safe.length === 1
    ? `/** ${safe[0]} */\n`
    : `/**\n${safe.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`
}

/** Returns the text with two spaces before each line. */
export function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}

/** Returns a name as the key of a property. */
export function keyOf(name: string): string {
  return /^[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*$/u.test(name) ? name : JSON.stringify(name)
}

/** Returns the type that has only this JSON value. */
export function literalOf(value: unknown): TypeText {
  if (Array.isArray(value)) return { text: `[${value.map((item) => literalOf(item).text).join(', ')}]` }
  if (typeof value !== 'object' || value === null) return { text: JSON.stringify(value) ?? 'unknown' }
  return objectOf(
    Object.entries(value).map(([key, inner]) => ({ text: `${keyOf(key)}: ${literalOf(inner).text}`, doc: [] })),
  )
}
