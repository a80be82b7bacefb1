import { expect, test } from 'vitest'

import { prepareSource } from './prepare-source.ts'

function bodyOf(code: string): string {
  const source = prepareSource(code)
  return source.ok ? source.body : source.message
}

test.each([
  ['async () => 1\nf()\n1', 'async () => 1\nwatch(f(),watch)\nreturn (1)'],
  ['void f().then(g); 1', 'void watch(f().then(g),watch); return (1)'],
  [
    'const a = f(), b = 1, { c } = f(); Promise',
    'const a = watch(f(),watch), b = 1, { c } = watch(f(),watch); return (Promise)',
  ],
  ['a = f().then(); 1', 'a = watch(f().then(),watch); return (1)'],
  ['await new Promise(async () => {})\n1', 'await new Promise(watch(async () => {},watch,1))\nreturn (1)'],
  ['await new Promise((async () => {}))\n1', 'await new Promise((watch(async () => {},watch,1)))\nreturn (1)'],
  [
    'a?.b(); c && d(); e ? f() : g(); Promise',
    'watch(a?.b(),watch); c && watch(d(),watch); e ? watch(f(),watch) : watch(g(),watch); return (Promise)',
  ],
  ['(async () => {})()\nreturn 1', 'watch((async () => {})(),watch)\nreturn 1'],
  [
    'list.push(1); map.set(1, 2); console.log(1); Promise',
    'list.push(1); map.set(1, 2); console.log(1); return (Promise)',
  ],
  [
    'const a = String(1), b = new Map(), c = new Promise(f)\nreturn 1',
    'const a = String(1), b = new Map(), c = watch(new Promise(watch(f,watch,1)),watch)\nreturn 1',
  ],
  [
    'const a = [f(), 1, [g()]], b = { c: f(), d, ...f(), [e()]: 1 }; Promise',
    'const a = [watch(f(),watch), 1, [watch(g(),watch)]], b = { c: watch(f(),watch), d, ...f(), [e()]: 1 }; return (Promise)',
  ],
  [
    'a.push(f(), 1); b.set(g(), h()); c.add([f()]); Promise',
    'a.push(watch(f(),watch), 1); b.set(watch(g(),watch), watch(h(),watch)); c.add([watch(f(),watch)]); return (Promise)',
  ],
  [
    'for (f(); g(); h()) {} for (const x = f();;) {} Promise',
    'for (watch(f(),watch); g(); watch(h(),watch)) {} for (const x = watch(f(),watch);;) {} return (Promise)',
  ],
  [
    'class A { b = f(); static c = [g()]; d }; Promise',
    'class A { b = watch(f(),watch); static c = [watch(g(),watch)]; d }; return (Promise)',
  ],
  ['!async function () {}(); 1', '!watch(async function () {}(),watch); return (1)'],
  [
    'a ??= f(); a.b = [g()]; a += f(); Promise',
    'a ??= watch(f(),watch); a.b = [watch(g(),watch)]; a += f(); return (Promise)',
  ],
  [
    'const a = b ? f() : g(), c = d || f(); Promise',
    'const a = b ? watch(f(),watch) : watch(g(),watch), c = d || watch(f(),watch); return (Promise)',
  ],
  [
    'console.log({ a: f() }, b ? g() : 1, await h()); Promise',
    'console.log({ a: watch(f(),watch) }, b ? watch(g(),watch) : 1, await h()); return (Promise)',
  ],
  ['async () => 1\nlist.push(f())', 'async () => 1\nreturn (list.push(watch(f(),watch)))'],
  ['await Promise.all([f(), g()]); 1', 'await Promise.all([f(), g()]); return (1)'],
  ['const watch = 1; f(); Promise', 'const watch = 1; watch_(f(),watch_); return (Promise)'],
])('what may discard a promise is watched: %s', (code, body) => {
  expect(bodyOf(code)).toBe(body)
})

test.each([
  ['a.forEach(async (x) => x); 1', true],
  ['a.b.forEach(f); Promise', true],
  ['a.forEach(this.f); Promise', true],
  ['a.forEach((x) => x); Promise', false],
  ['a.map(async (x) => x); 1', false],
])('forEach is watched if its callback may be async, and gets it as it is: %s', (code, watchesForEach) => {
  const source = prepareSource(code)
  expect(source).toMatchObject({ ok: true, watch: 'watch' })
  expect(source).toHaveProperty('body', expect.not.stringMatching(/watch,1/))
  expect('watchesForEach' in source).toBe(watchesForEach)
})

test.each([
  'class Promise { constructor(f) { this.f = f } }\nreturn new Promise(async () => {})',
  'const { Promise } = lib\nreturn new Promise(async () => {})',
  'const f = (Promise) => new Promise(async () => {})\nreturn f',
  'Promise = Mine\nreturn new Promise(async () => {})',
])('an executor is left alone if Promise may be something else: %s', (code) => {
  expect(bodyOf(code)).not.toContain('watch,1')
})

test.each(['async () => 1\nf(); eval("1")\n1', 'f(async () => 1)\nwith (a) g()\n1', '(0, eval)("1"); f(Promise)\n1'])(
  'code that could see the name is unchanged: %s',
  (code) => {
    expect(bodyOf(code)).not.toContain('watch')
  },
)

test.each(['f()\n1', 'await tools.a(); tools.b(); 1', 'const a = f()\na'])(
  'code without promises of its own is unchanged: %s',
  (code) => {
    expect(bodyOf(code)).not.toContain('watch')
  },
)

test('the number of places is limited, and the time grows with the length of the code', () => {
  const code = `Promise\n${'f(1)\n'.repeat(40_000)}`
  const before = performance.now()
  expect(bodyOf(code).match(/watch\(/g)).toHaveLength(500)
  expect(performance.now() - before).toBeLessThan(20_000)
})
