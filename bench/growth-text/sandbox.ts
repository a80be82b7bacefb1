/**
 * Functions of a sandbox process that take code, and of the guest runtime that take values: both count as CPU time of
 * the guest.
 */
import { fixedLimits } from '@codemode/shared'

import { prepareSource } from '../../packages/executor/src/sandbox/child/source/prepare-source.ts'
import { urlHost } from '../../packages/executor/src/sandbox/child/url-host.ts'
import { formatLog } from '../../packages/executor/src/sandbox/guest/format-log.ts'
import { inspect } from '../../packages/executor/src/sandbox/guest/inspect.ts'
import { serialise } from '../../packages/executor/src/sandbox/guest/json.ts'
import { capturePrimordials } from '../../packages/executor/src/sandbox/guest/primordials.ts'
import { rare } from '../../packages/executor/src/sandbox/guest/rare-parts.test-support.ts'
import { createTimerHeap, type Timer } from '../../packages/executor/src/sandbox/guest/timer-heap.ts'
import { utf8Length, utf8Prefix } from '../../packages/executor/src/sandbox/guest/utf8.ts'
import { createBase64 } from '../../packages/executor/src/sandbox/guest/web/base64.ts'
import { createDomException } from '../../packages/executor/src/sandbox/guest/web/dom-exception.ts'
import { createStructuredClone } from '../../packages/executor/src/sandbox/guest/web/structured-clone.ts'
import { createTextDecoder } from '../../packages/executor/src/sandbox/guest/web/text-decoder.ts'
import { createTextEncoder } from '../../packages/executor/src/sandbox/guest/web/text-encoder.ts'
import { createUrlSearchParams } from '../../packages/executor/src/sandbox/guest/web/url-search-params.ts'
import type { Shape } from './shapes.ts'
import { subject, textSubject, type TextSubject } from './subject.ts'

const MiB = 1024 * 1024
const p = capturePrimordials()
const { DOMException, stateOf } = createDomException(p)
const base64 = createBase64(p, DOMException)
const structuredClone = createStructuredClone(p, DOMException, stateOf)
const TextDecoder = createTextDecoder(p)
const TextEncoder = createTextEncoder(p)
const host = { parseUrl: urlHost } as never
const { URLSearchParams } = createUrlSearchParams(p, host)

/** Returns a shape that repeats statements up to a number of characters. */
const statements =
  (statement: (n: number) => string): Shape =>
  (length) => {
    let code = ''
    for (let n = 0; code.length < length; n++) code += statement(n)
    return code
  }

/** Programs that are likely to be slow for a parser or for a pass over its syntax tree. */
const programs: Readonly<Record<string, Shape>> = {
  'let declarations': statements((n) => `let a${n}\n`),
  'let declarations in one statement': (length) => `let ${statements((n) => `a${n},`)(length)}z`,
  'var declarations': statements((n) => `var a${n}\n`),
  functions: statements((n) => `function a${n}(){}\n`),
  'functions in a block': (length) => `{${statements((n) => `function a${n}(){}\n`)(length)}}`,
  classes: statements((n) => `class A${n}{}\n`),
  parameters: (length) => `(${statements((n) => `a${n},`)(length)}z) => 1`,
  'assignments to result in blocks': (length) =>
    `${'{'.repeat(500)}${statements(() => '{result=1}')(length)}${'}'.repeat(500)}`,
  'assignments to declared result': (length) => `{let result;${statements(() => '{result=1}')(length)}}`,
  'var in blocks': (length) => `${'{'.repeat(500)}${statements((n) => `var a${n};`)(length)}${'}'.repeat(500)}`,
  'private names': (length) => `class A{${statements((n) => `#a${n};`)(length)}}`,
  'uses of private names': (length) =>
    `class A{${statements((n) => `#a${n};`)(length / 2)}m(){${statements((n) => `this.#a${n};`)(length / 3)}}}`,
  'object keys': (length) => `({${statements((n) => `a${n}:1,`)(length)}})`,
  'template literals': statements((n) => `\`\${a${n}}\`;`),
  'regular expressions': statements(() => '/(?<a>a)/;'),
  'named groups': (length) => `/${statements((n) => `(?<a${n}>a)`)(length)}/`,
  'references to groups': (length) => `/${statements((n) => `(?<a${n}>a)\\k<a${n}>`)(length)}/`,
  'character class': (length) => `/[${'a-z'.repeat(length / 3)}]/v`,
  operators: (length) => `1${'+1'.repeat(Math.min(length, 2_000) / 2)}`,
  'calls of methods': (length) => `a${'.b()'.repeat(Math.min(length, 4_000) / 4)}`,
  labels: statements((n) => `a${n}:;`),
  'typed declarations': statements((n) => `let a${n}: number = 1\n`),
  interfaces: statements((n) => `interface A${n} { b: string }\n`),
  'type arguments': (length) =>
    `const a: ${'A<'.repeat(300)}B${'>'.repeat(300)} = 1\n${statements((n) => `let a${n}: A<B>\n`)(length)}`,
  'comparisons that look like type arguments': statements((n) => `a${n} < b;`),
  'an error at the end': (length) => `${statements((n) => `let a${n}\n`)(length)}@`,
  'an error at the end of types': (length) => `${statements((n) => `let a${n}: number\n`)(length)}@`,
  'an object literal': (length) => `{${statements((n) => `a${n}: 1,`)(length)}}`,
  'an object literal before tokens': (length) => `{}${';'.repeat(length)}a`,
  'a fence': (length) => `\`\`\`js\n${'a\n'.repeat(length / 2)}\`\`\``,
  'fences in prose': statements(() => '```js\na\n```\n'),
  'prose around a fence': (length) =>
    `${statements(() => 'it is\n')(length / 3)}~~~\n${statements(() => 'a\n')(length / 3)}`,
  'fences that are not closed': statements(() => '```js\n'),
  'unclosed brackets': (length) => statements(() => 'f(\n')(Math.min(length, 4_000)) + statements(() => 'a,\n')(length),
  'brackets that close nothing': statements(() => 'f()]\n'),
  'awaits in functions': statements((n) => `function a${n}(){await b}\n`),
  'awaits in typed functions': statements((n) => `function a${n}(b: number){await b}\n`),
  exports: statements((n) => `export const a${n} = 1\n`),
  'an object literal with types': (length) => `{${statements((n) => `a${n}: 1 as const,`)(length)}}`,
  'an error at the end of an object literal': (length) => `{${statements((n) => `a${n}: 1,`)(length)}=}`,
  'tagged templates': (length) => `a${'``'.repeat(Math.min(length / 2, 1_000))}`,
  'if in if': (length) => `${'if(1){'.repeat(300)}${statements(() => 'a;')(length)}${'}'.repeat(300)}`,
  'assignments to output': statements(() => 'output=1;'),
  'source URL comments with code': statements((n) => `a${n}\n//# sourceURL=x\n`),
  'block comments': statements(() => '/*# sourceURL=x*/'),
  'HTML-like comments': statements(() => '<!-- a\n'),
  'string escapes': (length) => `'${'\\u{61}'.repeat(length / 6)}'`,
  'unclosed escapes': (length) => `'${'\\u{'.repeat(length / 3)}'`,
  'identifier escapes': statements(() => '\\u0061;'),
}

function timers(count: number): void {
  const heap = createTimerHeap(p)
  const all: Timer[] = Array.from({ length: count }, (_, n) => ({
    id: n,
    due: count - n,
    callback: () => {},
    everyMs: 0,
    cleared: n % 3 === 0,
    reject: undefined,
  }))
  for (const timer of all) heap.add(timer)
  while (heap.peek() !== undefined) heap.take()
}

const attempt = (run: () => unknown): unknown => {
  try {
    return run()
  } catch {
    return undefined
  }
}
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

export const sandboxSubjects: readonly TextSubject[] = [
  textSubject('prepareSource', fixedLimits.sourceBytes, (code) => attempt(() => prepareSource(code)), programs),
  textSubject('urlHost, parse', MiB, (text) => urlHost('parse', JSON.stringify([`http://a/${text}`]))),
  textSubject('urlHost, parse host', MiB, (text) => urlHost('parse', JSON.stringify([`http://${text}`]))),
  textSubject('urlHost, parse relative', MiB, (text) => urlHost('parse', JSON.stringify([text, 'http://a/b/c/']))),
  textSubject('urlHost, set', MiB, (text) => urlHost('set', JSON.stringify(['http://a/', 'pathname', text]))),
  textSubject('urlHost, parseQuery', MiB, (text) => urlHost('parseQuery', JSON.stringify([text]))),
  textSubject('urlHost, serialiseQuery', MiB, (text) => urlHost('serialiseQuery', JSON.stringify([text, text]))),
  textSubject('inspect', MiB, (text) => inspect(p, { text, list: [text] })),
  textSubject('formatLog', MiB, (text) => formatLog(p, [text, 1, {}, text], (value) => inspect(p, value))),
  textSubject('serialise', MiB, (text) => serialise(p, { text }, rare)),
  textSubject('utf8Prefix', MiB, (text) => utf8Prefix(p, text, utf8Length(p, text) - 1)),
  textSubject('atob and btoa', MiB, (text) => [attempt(() => base64.atob(text)), attempt(() => base64.btoa(text))]),
  textSubject('TextEncoder and TextDecoder', MiB, (text) => new TextDecoder().decode(new TextEncoder().encode(text))),
  textSubject('TextDecoder of UTF-16', MiB, (text) => new TextDecoder('utf-16le').decode(bytesOf(text))),
  textSubject('URLSearchParams', MiB / 4, (text) => new URLSearchParams(text).toString()),
  subject(
    'URLSearchParams of a record',
    {
      maxSize: 16_384,
      unit: 'keys',
      inputs: { record: (size) => Object.fromEntries(Array.from({ length: size }, (_, n) => [`key-${n}`, ''])) },
    },
    (record: object) => new URLSearchParams(record),
  ),
  subject(
    'structuredClone',
    {
      maxSize: 65_536,
      unit: 'items',
      inputs: {
        objects: (size) => Array.from({ length: size }, () => ({})),
        'a map': (size) => new Map(Array.from({ length: size }, (_, n) => [n, n])),
        text: (size) => 'x'.repeat(size),
      },
    },
    (value: unknown) => structuredClone(value),
  ),
  subject(
    'inspect and serialise, values',
    {
      maxSize: 65_536,
      unit: 'items',
      inputs: {
        objects: (size) => Array.from({ length: size }, () => ({ a: 1 })),
        keys: (size) => Object.fromEntries(Array.from({ length: size }, (_, n) => [`key-${n}`, n])),
        holes: (size) => Array(size),
        'a sparse array': (size) => Object.assign([], { [size]: 1 }),
        nested: (size) => {
          let value: unknown = 1
          for (let i = 0; i < size / 32; i++) value = [value]
          return value
        },
        'objects below nested': (size) => {
          let value: unknown = Array.from({ length: size / 32 }, () => ({}))
          for (let i = 0; i < size / 32; i++) value = [value]
          return value
        },
        map: (size) => new Map(Array.from({ length: size }, (_, n) => [n, n])),
      },
    },
    (value: unknown) => [inspect(p, value), attempt(() => serialise(p, value, rare))],
  ),
  subject('timers', { maxSize: 10_000 * 8, unit: 'timers', inputs: { 'in descending order': (size) => size } }, timers),
]
