/**
 * Programs that combine the forms in which code gives its value, with the value that each must have. The model computes
 * it from the parts, and parses nothing.
 */
import fc from 'fast-check'

/** Program of the corpus. */
export interface CorpusProgram {
  readonly code: string
  readonly value: unknown
  /** Whether the program has no value although its author seems to mean one. */
  readonly isMistake: boolean
}

interface Part {
  readonly code: string
  /** Value that the part gives; undefined if it gives none. */
  readonly value?: unknown
  /** Value that the variable `result` has after the part; absent if the part does not touch it. */
  readonly result?: unknown
  readonly isMistake?: boolean
}

/** Programs end at a `return` that is reached. */
const returns: Part[] = [
  { code: '' },
  { code: 'if (never) return "never"' },
  { code: 'for (const n of []) { return n }' },
  { code: 'if (always) { return "early" }', value: 'early' },
  { code: 'try { return await Promise.resolve("tried") } finally { always = true }', value: 'tried' },
]

const results: Part[] = [
  { code: '' },
  { code: 'const result = 1', result: 1 },
  { code: 'let result: number | undefined\nresult = 2 as number', result: 2 },
  { code: 'result = 3', result: 3 },
  { code: 'if (always) { var result = 4 }', result: 4 },
  { code: 'try { const { a: [inner] } = { a: [5] }; result = inner } catch {}', result: 5 },
  { code: 'const set = () => { result = 6 }\nset()', result: 6 },
  { code: 'let result = 6; result += 1', result: 7 },
  { code: 'result ??= 8', result: 8 },
  { code: 'let result = 8; result++; const later = 1', result: 9 },
  { code: 'for (result of [1, 10]);', result: 10 },
  { code: 'const [, result] = [1, 11]', result: 11 },
  { code: '({ result } = { result: 12 })', result: 12 },
  { code: 'var result = null', result: null },
  { code: 'let result', result: undefined },
  { code: '{ const result = 13 }', isMistake: true },
  { code: 'const inner = (result) => { result = 14 }\ninner(1)' },
]

const lasts: Part[] = [
  { code: 'const last = 20' },
  { code: '"text"', value: 'text' },
  { code: 'null;', value: null },
  { code: '0', value: 0 },
  { code: 'undefined' },
  { code: 'void 0;;' },
  { code: 'console.log(1)' },
  { code: '[1, 2].forEach((n) => { n })' },
  { code: '(async () => 21)()', value: 21 },
  { code: 'await Promise.resolve([22])', value: [22] },
  { code: '({ a: 23 }) // the value', value: { a: 23 } },
  { code: '(\n  24\n)', value: 24 },
  { code: '1, 25', value: 25 },
  { code: 'twice(13)', value: 26 },
  { code: 'Promise.resolve()' },
  { code: 'if (always) { 27 } else { 28 }', isMistake: true },
  { code: 'switch (1) { case 1: 29; break }', isMistake: true },
  { code: 'try { 30 } catch { 31 }', isMistake: true },
  { code: 'while (false) { 32 }' },
  { code: 'if (always) console.log(1)' },
]

const setups = [
  '',
  'const other = 1',
  'class A { static a = 1 }',
  'interface B { c: string }',
  'type C = { d: number }',
]
const heads = ['', '// why\n', '/* why\n */', '"use strict";\n', "'use strict'; // strict\n"]
const tails = [
  '',
  '\n',
  ' // end',
  '\n/* end */\n',
  '\nfunction after() { return 40 }',
  '\n;function after(result) { result = 41; return result }',
]
const helper = 'function twice(n) { return 2 * n }'
const flags = 'let never = false, always = true'

const frames: readonly ((code: string) => string)[] = [
  (code) => code,
  (code) => code.replaceAll('\n', '\r\n'),
  (code) => `\uFEFF${code}`,
  (code) => `#!/usr/bin/env node\n${code}`,
  (code) => `\uFEFF#!/usr/bin/env node\n${code}`,
  (code) => `\`\`\`ts\n${code}\n\`\`\``,
  (code) => `~~~~\n#!/usr/bin/env node\n${code}\n~~~~\n`,
  (code) => `Here is the program:\n\n\`\`\`js\n${code}\n\`\`\`\n\nIt does what you want.`,
  (code) => `Code:\n\`\`\`js\n${code}\n\`\`\`\n`,
]

const { constantFrom, record } = fc

const statements = record({
  head: constantFrom(...heads),
  setup: constantFrom(...setups),
  returned: constantFrom(...returns),
  result: constantFrom(...results),
  last: constantFrom(...lasts),
  tail: constantFrom(...tails),
}).map(({ head, setup, returned, result, last, tail }): CorpusProgram => {
  const code = head + [flags, setup, helper, returned.code, result.code, last.code].join(';\n') + tail
  const value = returned.value ?? (last.value === undefined ? result.result : last.value)
  return { code, value, isMistake: value === undefined && (result.isMistake ?? last.isMistake ?? false) }
})

const bodies: Part[] = [
  { code: '{ return 50 }', value: 50 },
  { code: '{ const result = 51; return result }', value: 51 },
  { code: '{ result = 52 }', value: 52 },
  { code: '{ if (1) { result = 53 } return }', value: 53 },
  { code: '{ result = 1; return 54 }', value: 54 },
  { code: '{}', value: undefined },
]
const functions: readonly ((parameters: string, body: string) => string)[] = [
  (parameters, body) => `async function main(${parameters}) ${body}`,
  (parameters, body) => `function run(${parameters}) ${body}`,
  (parameters, body) => `const main = async (${parameters}) => ${body}`,
  (parameters, body) => `let go = function (${parameters}) ${body};`,
  (parameters, body) => `async (${parameters}): Promise<any> => ${body}`,
  (parameters, body) => `(function (${parameters}) ${body})`,
  (parameters, body) => `export default async function main(${parameters}) ${body}`,
  (parameters, body) => `export default async (${parameters}) => ${body};`,
  (parameters, body) => `export const main = async (${parameters}) => ${body}`,
  (parameters, body) => `export function handler(${parameters}) ${body}`,
  (parameters, body) => `function helper() {}\nexport async function handler(${parameters}) ${body}`,
  (parameters, body) => `export const help = 1\nexport const main = async (${parameters}) => ${body}`,
  (parameters, body) => `export default async (${parameters}) => ${body}\nconst later = 60`,
  (parameters, body) => `export default function main(${parameters}) ${body}\nconsole.log(1)`,
]

const loneFunctions = record({
  head: constantFrom(...heads),
  make: constantFrom(...functions),
  parameters: constantFrom('', '{ tools, input }', '{ input: value, tools } = { tools: 1 }', '{ context }: any'),
  body: constantFrom(...bodies),
  tail: constantFrom('', '\n', ' // end', '\n/* end */'),
}).map(({ head, make, parameters, body, tail }): CorpusProgram => {
  return { code: head + make(parameters, body.code) + tail, value: body.value, isMistake: false }
})

const namelessFunctions = record({
  head: constantFrom('', '// why\n', '\n'),
  async: constantFrom('', 'async '),
  parameters: constantFrom('', '{ tools, input }', '{ context }: any'),
  body: constantFrom(...bodies),
  tail: constantFrom('', ';', '\n', ' // end'),
}).map(({ head, async, parameters, body, tail }): CorpusProgram => {
  return { code: `${head}${async}function (${parameters}) ${body.code}${tail}`, value: body.value, isMistake: false }
})

const literals = record({
  head: constantFrom('', '// why\n', '/* why */ ', '\n\n'),
  fields: constantFrom<Part>(
    { code: '', value: {} },
    { code: 'a: 60', value: { a: 60 } },
    { code: '"a": 61, b: [1],', value: { a: 61, b: [1] } },
    { code: 'a: await Promise.resolve(62)', value: { a: 62 } },
    { code: '["a" + 1]: 63, ...{ b: 1 }', value: { a1: 63, b: 1 } },
    { code: "kind: 'a' as const", value: { kind: 'a' } },
    { code: 'a: { b: (() => 64)() }', value: { a: { b: 64 } } },
  ),
  tail: constantFrom('', ';', ' // end', ' as any', ' satisfies object;', '\n/* end */'),
}).map(({ head, fields, tail }): CorpusProgram => {
  return { code: `${head}{ ${fields.code} }${tail}`, value: fields.value, isMistake: false }
})

const program = fc
  .tuple(
    fc.oneof(
      { arbitrary: statements, weight: 5 },
      { arbitrary: loneFunctions, weight: 3 },
      { arbitrary: namelessFunctions, weight: 1 },
      { arbitrary: literals, weight: 2 },
    ),
    constantFrom(...frames),
  )
  .map(([{ code, value, isMistake }, frame]): CorpusProgram => ({ code: frame(code), value, isMistake }))

/** Returns different programs, always the same ones for a seed. */
export function corpusOf(seed: number, count: number): readonly CorpusProgram[] {
  const different = new Map(fc.sample(program, { seed, numRuns: 2 * count }).map((each) => [each.code, each]))
  return [...different.values()].slice(0, count)
}
