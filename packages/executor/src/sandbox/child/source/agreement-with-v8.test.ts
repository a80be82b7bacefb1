import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { PreparedSource } from '../../guest-boundary.ts'
import { prepareSource } from './prepare-source.ts'

const AsyncFunction = (async () => {}).constructor as FunctionConstructor

const tokens = [
  ...'( ) [ ] { } , ; : ? . ... ?. = == => + - * ** / % ! ~ ` ${ && || ?? ++ -- += &&= @ \n \u2028'.split(' '),
  ...'return await async function function* class extends new this super yield let const var using if(1) else'.split(
    ' ',
  ),
  ...'for( for await( of in while(0) do break continue throw typeof void delete static get set #a this.#a eval'.split(
    ' ',
  ),
  ...'arguments 1 1n 08 010 1_0 "s" a b f() result a: label: import.meta \\u0061 `t` undefined with(a) enum'.split(' '),
  ...'/a/g /(?<a>.)/ /(?<a>.)|(?<a>.)/ /[/ /(?i:a)/ /a/vu /a/gg async()=> a=> (a,b)=> {a} [a] ({a}=b) static{'.split(
    ' ',
  ),
  ...'super() super.a "\\08" /**/ <!-- --> debugger implements "use strict"; try{ }catch(a){ finally{'.split(' '),
  'switch(1){case 1:',
  'await using',
  'constructor(){',
  'get a(){',
  'async*a(){',
  '//c\n',
]
const program = fc.array(fc.constantFrom(...tokens), { minLength: 1, maxLength: 9 }).map((parts) => parts.join(' '))

/** Returns the message with which V8 refuses a body, or undefined if it compiles. */
function refusal(body: string): string | undefined {
  try {
    AsyncFunction(body)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Returns what is wrong with the outcome of code, or undefined. */
function mistakeIn(code: string, prepared: PreparedSource): string | undefined {
  if (prepared.ok) return refusal(prepared.body)
  if (refusal(code) === undefined) return `refused: ${prepared.message}`
  const line = code.split(/[\n\u2028]/)[prepared.line - 1]
  const isInside = line !== undefined && prepared.column > 0 && prepared.column <= line.length + 1
  return isInside && prepared.message !== '' ? undefined : `at ${prepared.line}:${prepared.column}: ${prepared.message}`
}

test('what V8 accepts is accepted, and what is refused has a place in the code', () => {
  const seen = { accepted: 0, refused: 0 }
  fc.assert(
    fc.property(program, (code) => {
      const prepared = prepareSource(code)
      seen[prepared.ok ? 'accepted' : 'refused'] += 1
      expect(mistakeIn(code, prepared)).toBeUndefined()
    }),
    { numRuns: 5_000 },
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(200)
})
