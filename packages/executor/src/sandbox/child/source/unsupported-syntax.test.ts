import { describe, expect, test } from 'vitest'

import { prepareSource } from './prepare-source.ts'
import { matching, type Row } from './syntax-error.test-support.ts'

describe('what is not supported', () => {
  test.each<Row>([
    ['@dec class A {}', 1, 1, /'@'/, /^Decorators are not supported/],
    ['class A {\n  @dec() m() {}\n}', 2, 3, /'@'/, /^Decorators/],
    ['class A {\n  @dec a: number = 1\n}', 2, 3, /'@'/, /^Decorators/],
    ['return <div>x</div>', 1, 8, "Unexpected token '<'", /^JSX is not supported/],
    ['const a = <div className="x">hi</div>', 1, 11, "Unexpected token '<'", /^JSX/],
    ['const a = (\n  <>\n    {b}\n  </>\n)', 2, 3, "Unexpected token '<'", /^JSX/],
    ['const a = <Foo.Bar {...b} />', 1, 11, "Unexpected token '<'", /^JSX/],
    ['const a: JSX.Element = <div>{1}</div>', 1, 33, "Unexpected token '/'", /^JSX/],
    ['const a: number = 1\nreturn <Foo b="c" />', 2, 13, "Unexpected identifier 'b'", /^JSX/],
    ['let a: number\nenum Color { Red }', 2, 1, /enum/, /^Use an object/],
    ['const enum Color { Red }', 1, 1, /enum/, /^Use an object/],
    ['namespace A { export const b = 1 }', 1, 1, /namespace/, /^Use an object/],
    ['class A {\n  constructor(private b: string) {}\n}', 2, 23, /parameter properties/, /^Declare a field/],
    ['const a = <string>b', 1, 11, /as T/],
    ['const a = “x”', 1, 11, /“/, /straight quotes/],
  ])('%j', (code, line, column, message, hint) => {
    expect(prepareSource(code)).toMatchObject({
      line,
      column,
      message: matching(message),
      ...(hint && { hint: matching(hint) }),
    })
  })
})

test.each<[string, number, number]>([
  [`const a = 1\n  import fs from 'fs'`, 2, 3],
  [`const fs = await import('fs')`, 1, 18],
  [`{ a: await import('fs') }`, 1, 12],
  ['const a = 1; import.meta.url', 1, 14],
  [`import fs from 'fs'\nconst a: number = 1`, 1, 1],
  [`import fs from 'fs'\nreturn 1 as number`, 1, 1],
  [`import fs = require('fs')`, 1, 1],
  [`export * from 'fs'`, 1, 1],
  [`const a = 1\nexport { b } from 'fs'`, 2, 1],
  ['if (a) { export default 5 }', 1, 10],
  ['export = 5', 1, 1],
])('modules are refused, with what to do instead: %j', (code, line, column) => {
  const message = expect.stringMatching(/modules are not available in the sandbox.*call a tool/) as string
  expect(prepareSource(code)).toEqual({
    ok: false,
    line,
    column,
    message,
    hint: expect.stringMatching(/\.$/) as string,
  })
})

test.each<[string, RegExp]>([
  ["import axios from 'axios'", /no network/],
  ["import fetch from 'node-fetch'", /no network/],
  ["import { readFile } from 'node:fs/promises'", /no files/],
  ["import { setTimeout as wait } from 'node:timers/promises'", /await sleep\(ms\)/],
  ["import { randomUUID } from 'crypto'", /crypto\.randomUUID\(\)/],
  ["const { v4 } = await import('uuid')", /crypto\.randomUUID\(\)/],
  ["import dayjs from 'dayjs'", /Intl\.DateTimeFormat or Temporal/],
  ["export * from 'date-fns/add'", /Temporal/],
  ["import _ from 'lodash'\nreturn 1 as number", /plain JavaScript/],
  ["import { tools } from './tools'", /tools is a global/],
  ["import * as codemode from '@codemode/runtime'", /tools is a global/],
  ['return import.meta.url', /leave out import\.meta/],
])('a module is refused with a hint at what to use instead of it: %j', (code, hint) => {
  expect(prepareSource(code)).toMatchObject({ ok: false, hint: matching(hint) })
})

test.each([
  "import type { User } from './types'\nconst user: User = 1\nreturn user",
  '// types\nimport type { A,\n  B } from \'./a\';\nimport type C from "./c"\nreturn 1 as A',
  "import type { User } from './types'\nconst user: User = 1\nuser",
])('an import of types at the beginning is left out: %j', (code) => {
  expect(prepareSource(code)).toMatchObject({ ok: true })
})

test('an import of types does not hide that of a module, nor what is in a text', () => {
  const code = "import type { A } from 'a'\nimport b from 'lodash'\nreturn 1 as A"
  expect(prepareSource(code)).toMatchObject({ ok: false, line: 2, column: 1 })
  const text = "const text: string = `\nimport type { A } from 'a'`\nreturn text"
  expect(prepareSource(text)).toHaveProperty('body', expect.stringContaining("\nimport type { A } from 'a'`"))
})
