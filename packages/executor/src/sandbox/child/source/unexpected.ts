/** Maximum number of characters of a token in a message. */
const maxTokenLength = 40

const keywords = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false finally for ' +
    'function if import in instanceof let new null return static super switch this throw true try typeof var void while ' +
    'with yield'
  ).split(' '),
)
const word = /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200C\u200D]*/uy
const operator = /=>|[=!]==?|\*\*=?|>{2,3}=?|<<=?|&&=?|\|\|=?|\?\?=?|\?\.|\.{3}|\+\+|--|[+\-*/%&|^<>]=|[^]/uy

/** Returns a message, in the words of V8, that names the token at an offset of the code. */
export function unexpected(code: string, offset: number): string {
  const character = code[offset]
  if (character === undefined) return 'Unexpected end of input'
  if (character === '`') return 'Unexpected template string'
  if (character === '"' || character === "'") return `Unexpected string ${stringAt(code, offset)}`
  const number = match(/\.?\d[\w.]*/y, code, offset)
  if (number !== undefined) return `Unexpected number ${truncate(number)}`
  const name = match(word, code, offset)
  if (name === undefined) return `Unexpected token '${match(operator, code, offset)}'`
  return `Unexpected ${keywords.has(name) ? 'token' : 'identifier'} '${truncate(name)}'`
}

function stringAt(code: string, offset: number): string {
  const end = code.indexOf(code[offset]!, offset + 1)
  const text = code.slice(offset, Math.min(end === -1 ? code.length : end + 1, offset + maxTokenLength + 1))
  return truncate(text.split(/[\n\r]/, 1)[0]!)
}

function match(pattern: RegExp, code: string, offset: number): string | undefined {
  pattern.lastIndex = offset
  return pattern.exec(code)?.[0]
}

function truncate(text: string): string {
  return text.length > maxTokenLength ? `${text.slice(0, maxTokenLength)}…` : text
}
