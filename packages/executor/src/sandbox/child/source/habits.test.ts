import { describe, expect, test } from 'vitest'

import { prepareSource } from './prepare-source.ts'
import { refusalOf, type Row } from './syntax-error.test-support.ts'

function expectError(...row: Row): void {
  expect(prepareSource(row[0])).toEqual(refusalOf(row))
}

describe('habits of other languages and of text', () => {
  const python = /^This looks like Python/
  test.each<Row>([
    ['def main():\n    return 1', 1, 5, "Unexpected identifier 'main'", python],
    ['x = 1\nfor i in range(3):\n    print(i)', 2, 5, "Unexpected identifier 'i'", python],
    ['const a = [x for x in items]', 1, 14, "Unexpected token 'for'", python],
    ['if x == 1:\n  y = 2', 1, 4, "Unexpected identifier 'x'", python],
    ['from math import sqrt', 1, 6, "Unexpected identifier 'math'", python],
    ['a = 1\n# the user\nb = 2', 2, 7, "Unexpected identifier 'user'", /^A comment begins with/],
    ['if (a) { b } elif (c) { d }', 1, 23, "Unexpected token '{'", /else if/],
    ['const f = (x) -> x', 1, 16, "Unexpected token '>'", /written with =>/],
    ['const f = (x)\n  => x', 2, 3, "Unexpected token '=>'", /line on which the parameters end/],
    ['if (a and b) {}', 1, 7, "Unexpected identifier 'and'", /&&, \|\| and !/],
    ['if (not b) {}', 1, 9, "Unexpected identifier 'b'", /&&, \|\| and !/],
    ['String name = "Ada";', 1, 8, "Unexpected identifier 'name'", /const or let/],
    ['int n = 5', 1, 5, "Unexpected identifier 'n'", /const or let/],
    ["const s = 'It's late'", 1, 15, "Unexpected identifier 's'", /quote inside a string/],
    ['const s = "Dear Ada,\nthanks"', 1, 11, 'Unterminated string constant', /between backticks/],
    ['const a = [ ... ]', 1, 17, "Unexpected token ']'", /Write out/],
    ['function f() { yield 1 }', 1, 22, 'Unexpected number 1', /generator/],
    ['[1].forEach((n) => { if (n) break })', 1, 29, 'Illegal break statement', /instead of forEach/],
    ['[1].map((n) => { if (n) continue })', 1, 25, 'Illegal continue statement', /for \(const item/],
    ['[1].map((n) => { id: n, double: n * 2 })', 1, 31, "Unexpected token ':'", /into parentheses/],
    ['return {\n  a: 1;\n  b: 2\n}', 2, 7, "Unexpected token ';'", /commas between/],
    ['const a = [1, 2;\na', 1, 16, "Unexpected token ';'", /^Before this ;, close what is open: \[ since line 1/],
    ['f(g(1);\n2', 1, 7, "Unexpected token ';'", /\( since line 1/],
    ['const a = 1 &lt; 2 &amp;&amp; 3', 1, 25, "Unexpected token '&'", /HTML entities/],
    ['const a = 1;\\nreturn a;', 1, 14, /Unicode escape/, /line breaks in its place/],
    ["I'm sorry, but I can't do that.", 1, 2, /^Unexpected string/, /This is text and no code/],
    ['The answer is in the list', 1, 5, "Unexpected identifier 'answer'", /This is text/],
    ['<code>\nreturn 1\n</code>', 1, 1, "Unexpected token '<'", /without tags around it/],
  ])('%j has a hint', expectError)

  test.each([
    'const a = = 2',
    'async fucntion main() { return 1 }',
    'const class = 1',
    'for (const x of [1] { }',
    'let a = 1\nlet a = 2',
    'public static void main() {}',
  ])('%j has no such hint', (code) => {
    expect(prepareSource(code)).not.toHaveProperty('hint', expect.stringMatching(/Python|text|comment|quote/))
  })
})
