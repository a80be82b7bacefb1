import { expect, test } from 'vitest'

import { prepareSource } from './prepare-source.ts'

function bodyOf(code: string): string {
  const source = prepareSource(code)
  return source.ok ? source.body : source.message
}

test.each([
  ['async () => 1\nf()\n1', 'async () => 1\nwatch(f())\nreturn (1)'],
  ['void f().then(g); 1', 'void watch(f().then(g)); return (1)'],
  ['const a = f(), b = 1, { c } = f(); Promise', 'const a = watch(f()), b = 1, { c } = watch(f()); return (Promise)'],
  ['a = f().then(); 1', 'a = watch(f().then()); return (1)'],
  ['a.forEach(async (x) => x); 1', 'watch(a.forEach(watch(async (x) => x, true))); return (1)'],
  ['a.forEach(f); Promise', 'watch(a.forEach(watch(f, true))); return (Promise)'],
  ['a.forEach((x) => x); Promise', 'watch(a.forEach((x) => x)); return (Promise)'],
  ['await new Promise(async () => {})\n1', 'await new Promise(watch(async () => {}, true))\nreturn (1)'],
  [
    'a?.b(); c && d(); e ? f() : g(); Promise',
    'watch(a?.b()); c && watch(d()); e ? watch(f()) : watch(g()); return (Promise)',
  ],
  ['(async () => {})()\nreturn 1', 'watch((async () => {})())\nreturn 1'],
  [
    'list.push(1); map.set(1, 2); console.log(1); Promise',
    'list.push(1); map.set(1, 2); console.log(1); return (Promise)',
  ],
  [
    'const a = String(1), b = new Map(), c = new Promise(f)\nreturn 1',
    'const a = String(1), b = new Map(), c = watch(new Promise(watch(f, true)))\nreturn 1',
  ],
  [
    'const a = [f(), 1, [g()]], b = { c: f(), d, ...f(), [e()]: 1 }; Promise',
    'const a = [watch(f()), 1, [watch(g())]], b = { c: watch(f()), d, ...f(), [e()]: 1 }; return (Promise)',
  ],
  [
    'a.push(f(), 1); b.set(g(), h()); c.add([f()]); Promise',
    'a.push(watch(f()), 1); b.set(watch(g()), watch(h())); c.add([watch(f())]); return (Promise)',
  ],
  [
    'for (f(); g(); h()) {} for (const x = f();;) {} Promise',
    'for (watch(f()); g(); watch(h())) {} for (const x = watch(f());;) {} return (Promise)',
  ],
  [
    'class A { b = f(); static c = [g()]; d }; Promise',
    'class A { b = watch(f()); static c = [watch(g())]; d }; return (Promise)',
  ],
  ['!async function () {}(); 1', '!watch(async function () {}()); return (1)'],
  ['a ??= f(); a.b = [g()]; a += f(); Promise', 'a ??= watch(f()); a.b = [watch(g())]; a += f(); return (Promise)'],
  [
    'const a = b ? f() : g(), c = d || f(); Promise',
    'const a = b ? watch(f()) : watch(g()), c = d || watch(f()); return (Promise)',
  ],
  ['await Promise.all([f(), g()]); 1', 'await Promise.all([f(), g()]); return (1)'],
  ['const watch = 1; f(); Promise', 'const watch = 1; watch_(f()); return (Promise)'],
])('what may discard a promise is watched: %s', (code, body) => {
  expect(bodyOf(code)).toBe(body)
})

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
