import { type Attack, fails, returns } from './attack.ts'

/** Returns a source that is deep or long in a place where parsers recurse or backtrack, and that must be refused. */
const isRefused = (title: string, code: string): Attack =>
  fails(`the parsers refuse ${title}`, { code: 'SYNTAX_ERROR', name: 'SyntaxError' }, code)

const inJavaScript: Attack[] = [
  isRefused('sixty thousand additions', `return ${'1+'.repeat(60_000)}1`),
  isRefused('a tower of powers', `return ${'1**'.repeat(50_000)}1`),
  isRefused('twenty thousand conditions', `return ${'x?1:'.repeat(20_000)}1`),
  isRefused('twenty thousand times else if', `if (0) {} ${'else if (0) {} '.repeat(15_000)}`),
  isRefused('assignments of assignments', `let a\n${'a='.repeat(60_000)}1`),
  isRefused('arrow functions of arrow functions', `return ${'a=>'.repeat(60_000)}1`),
  isRefused('a hundred thousand negations', `return ${'!'.repeat(100_000)}1`),
  isRefused('brackets', `return ${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  isRefused('brackets that are not closed', `return ${'('.repeat(200_000)}`),
  isRefused('blocks', `${'{'.repeat(100_000)}${'}'.repeat(100_000)}`),
  isRefused('templates in templates', `return ${'`${'.repeat(50_000)}1${'}`'.repeat(50_000)}`),
  isRefused('loops without blocks', `${'for(;;)'.repeat(30_000)};`),
  isRefused('functions in functions', `${'function f(){'.repeat(10_000)}${'}'.repeat(10_000)}`),
  isRefused('new of new', `${'new '.repeat(50_000)}Object`),
  isRefused('awaits of awaits', `${'await '.repeat(40_000)}1`),
  isRefused('patterns in patterns', `const ${'{a:'.repeat(40_000)}b${'}'.repeat(40_000)} = 1`),
  isRefused('classes in classes', `${'class A extends '.repeat(12_000)}Object ${'{}'.repeat(12_000)}`),
  isRefused('calls of calls', `return (() => 1)${'()'.repeat(100_000)}`),
  isRefused('sixty thousand properties of properties', `const a = {}\nreturn a${'?.a'.repeat(60_000)}`),
  isRefused('a function of seventy thousand parameters', `function f(${'a,'.repeat(70_000)}a) {}`),
]

const inTypeScript: Attack[] = [
  isRefused(
    'fifty thousand type arguments in each other',
    `let a: ${'A<'.repeat(50_000)}B${'>'.repeat(50_000)} = 1\nreturn a`,
  ),
  isRefused('an array type of sixty thousand dimensions', `let a: number${'[]'.repeat(60_000)} = 1\nreturn a`),
  isRefused('sixty thousand additions beside a type', `let a: number = ${'1+'.repeat(60_000)}1\nreturn a`),
  isRefused('twenty thousand conditions beside a type', `let a: number = ${'a?1:'.repeat(20_000)}1\nreturn a`),
  isRefused('else if beside a type', `let a: number = 1\nif (0) {} ${'else if (0) {} '.repeat(15_000)}`),
  isRefused('function types of function types', `let a: ${'()=>'.repeat(50_000)}void\nreturn 1`),
  isRefused('conditional types', `type A<T> = ${'T extends 1 ? 1 : '.repeat(10_000)}1\nreturn 1`),
  isRefused('object types in object types', `let a: ${'{a:'.repeat(40_000)}1${'}'.repeat(40_000)}\nreturn 1`),
  isRefused('operators of types', `let a: ${'keyof '.repeat(40_000)}A\nreturn 1`),
  isRefused('assertions in front', `return ${'<A>'.repeat(60_000)}1`),
  isRefused('assertions behind', `return 1${' as A'.repeat(50_000)}`),
  isRefused('two hundred thousand non-null assertions', `let a: number = 1\nreturn a${'!'.repeat(200_000)}`),
  isRefused('satisfies operators', `return 1${' satisfies A'.repeat(20_000)}`),
  isRefused('templates in template types', `let a: ${'`${'.repeat(50_000)}1${'}`'.repeat(50_000)}\nreturn 1`),
  isRefused('arrow functions with types', `return ${'(a:A)=>'.repeat(30_000)}1`),
  isRefused('ambiguous type arguments', `let a: number = ${'a<'.repeat(60_000)}1\nreturn a`),
  isRefused('nested type imports', `let a: ${'import("a").B<'.repeat(15_000)}1${'>'.repeat(15_000)}\nreturn 1`),
]

const long: Attack[] = [
  returns(
    'the parsers accept an ambiguous arrow function at each of five hundred brackets',
    1,
    `let a: number, b = ${'(a=('.repeat(250)}1${'))'.repeat(250)}\nreturn a`,
  ),
  returns('the parsers accept a quarter of a megabyte of spaces', 1, `return 1${' '.repeat(260_000)}`),
  returns('the parsers accept a quarter of a megabyte of line breaks', 1, `${'\n'.repeat(260_000)}return 1`),
  returns('the parsers accept a quarter of a megabyte of semicolons', 1, `${';'.repeat(260_000)}return 1`),
  returns('the parsers accept a comment of a quarter of a megabyte', 1, `/*${'*'.repeat(260_000)}*/return 1`),
  returns('the parsers accept sixty thousand comments', 1, `${'/**/'.repeat(60_000)}return 1`),
  returns('the parsers accept a string of a quarter of a megabyte', 260_000, `return '${'x'.repeat(260_000)}'.length`),
  returns(
    'the parsers accept an array of a hundred thousand items',
    100_000,
    `return [${'1,'.repeat(100_000)}].length`,
  ),
  returns(
    'the parsers accept a type of a hundred thousand members',
    1,
    `let a: ${'A|'.repeat(100_000)}1 = 1\nreturn a`,
  ),
  returns('the parsers accept fifteen thousand blocks', 1, `${'{ let a = 2 }\n'.repeat(15_000)}return 1`),
  returns('the parsers accept a fence of backticks around an empty text', null, '`'.repeat(260_001)),
  isRefused('fences that are not closed', '```js\n'.repeat(40_000)),
  isRefused('comments that are not closed', '/*'.repeat(130_000)),
  isRefused('a comment of stars', `/${'*'.repeat(260_000)}`),
  isRefused('hashbangs', '#!'.repeat(130_000).slice(1)),
  isRefused('decorators', '@a '.repeat(80_000)),
  isRefused('an unterminated regular expression', `return /${'('.repeat(200_000)}`),
  isRefused('a regular expression nested deeply', `return /${'('.repeat(100_000)}${')'.repeat(100_000)}/`),
]

export const attacks: readonly Attack[] = [...inJavaScript, ...inTypeScript, ...long]
