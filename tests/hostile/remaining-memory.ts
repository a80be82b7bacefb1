import type { Leftover } from './remaining-state.ts'

/** Leftovers of an execution in the heap and in the caches of V8, which the contexts of an isolate share. */
export const memoryLeftovers: readonly Leftover[] = [
  {
    title: 'a pattern of bytes in freed buffers and strings',
    isolate: 'either',
    leave: `for (let i = 0; i < 50; i++) new Uint32Array(250_000).fill(0xdeadbeef)`,
    look: `const found = []; for (let i = 0; i < 50; i++) { const words = new Uint32Array(250_000); if (words.includes(0xdeadbeef)) found.push(i) } return found`,
    clean: [],
  },
  {
    title: 'a pattern of bytes in detached, sliced and small buffers',
    isolate: 'either',
    leave: `globalThis.kept = []; for (let i = 0; i < 2_000; i++) { const words = new Uint32Array(1_024).fill(0xdeadbeef); const copy = structuredClone(words.buffer, { transfer: [words.buffer] }); kept.push(words.buffer, copy.transfer(64), copy, new Uint32Array(8).fill(0xdeadbeef)) }`,
    look: `
      const found = new Set()
      const check = (name, buffer) => { if (new Uint32Array(buffer).includes(0xdeadbeef)) found.add(name) }
      for (let i = 0; i < 2_000; i++) {
        check('new', new ArrayBuffer(4_096)); check('grown', new ArrayBuffer(4).transfer(4_096)); check('small', new ArrayBuffer(32)); check('sliced', new ArrayBuffer(8).slice(0, 100).slice(4, 8))
        check('array', new Uint32Array({ length: 1_024 }).buffer); check('copied', new Uint32Array(new Array(1_024)).buffer); check('clone', structuredClone(new ArrayBuffer(4_096)))
        check('mapped', new Uint32Array(1_024).map((x) => x).buffer); check('with', new Uint32Array(1_024).with(0, 1).buffer)
        try { new Uint32Array({ length: 1_024, get 5() { throw 1 } }) } catch {}
      }
      return [...found]`,
    clean: [],
  },
  {
    title: 'a flood of registered symbols',
    isolate: 'disposed',
    leave: `for (let i = 0; i < 20_000; i++) globalThis[Symbol.for('flood ' + i)] = Symbol.for('flood ' + i)`,
    look: `return [Reflect.ownKeys(globalThis).some((key) => String(key).includes('flood')), Object.getOwnPropertySymbols(Object.prototype).length, Symbol.keyFor(Symbol.for('flood 1')), Symbol.keyFor(Symbol('flood 1')) ?? null]`,
    clean: [false, 0, 'flood 1', null],
  },
  {
    title: 'compiled code of the same source, with other values in its closures',
    leave: `globalThis.kept = []; for (let i = 0; i < 100; i++) { const f = (0, eval)('(() => { let n = 0; return () => ++n })()'); f(); f(); kept.push(f, Function('this.left ??= 5; return ++this.left').call(globalThis), new Function('a', 'return class { static n = a }')(i)) }`,
    look: `return [(0, eval)('(() => { let n = 0; return () => ++n })()')(), typeof left, Function('this.left ??= 5; return ++this.left').call(globalThis), new Function('a', 'return class { static n = a }')(7).n]`,
    clean: [1, 'undefined', 6, 7],
  },
  {
    title: 'regular expressions of the same source, with a state and hot',
    leave: `globalThis.kept = []; for (let i = 0; i < 2_000; i++) { const r = /(?<left>a+)b/gy; r.exec('aab'); r.left = 1; kept.push(r, 'aab,aab'.replace(/a(?<n>a)/g, (...all) => (all.at(-1).n = 'left')), 'a,b'.split(','), 'a1b2'.match(/\\d/g)) } for (const list of kept) if (Array.isArray(list)) list.fill('left')`,
    look: `const r = /(?<left>a+)b/gy; const found = [r.lastIndex, typeof r.left, r.exec('aab').groups.left, 'aab,aab'.replace(/a(?<n>a)/g, (...all) => all.at(-1).n), 'a,b'.split(','), 'a1b2'.match(/\\d/g), RegExp.lastMatch]; return found`,
    clean: [0, 'undefined', 'aa', 'ab,ab', ['a', 'b'], ['1', '2'], '2'],
  },
  {
    title: 'objects and functions of the same shapes that are hot',
    leave: `class Shape { constructor(x) { this.x = x; this.y = { x } } get sum() { return this.x + this.y.x } } const use = (o) => o.sum + Object.keys(o).length; let n = 0; for (let i = 0; i < 50_000; i++) n += use(new Shape(i)); Object.defineProperty(Shape.prototype, 'sum', { get: () => 'left' }); globalThis.kept = [Shape, use, n]`,
    look: `class Shape { constructor(x) { this.x = x; this.y = { x } } get sum() { return this.x + this.y.x } } const use = (o) => o.sum + Object.keys(o).length; return [use(new Shape(3)), typeof kept]`,
    clean: [8, 'undefined'],
  },
  {
    title: 'formatters and collators of many locales',
    leave: `for (const locale of ['de', 'ar-EG', 'ja', 'th', 'sv', 'hi']) { new Intl.DateTimeFormat(locale, { timeZone: 'Asia/Tokyo' }).format(0); (1234.5).toLocaleString(locale); new Date(0).toLocaleDateString(locale, { timeZone: 'Asia/Tokyo' }); 'a'.localeCompare('b', locale); ['ä'].toString(); 'I'.toLocaleLowerCase('tr') } Intl.DateTimeFormat.prototype.resolvedOptions = () => ({ locale: 'left' })`,
    look: `return [(1234.5).toLocaleString(), new Date(0).toLocaleDateString(), 'ä'.localeCompare('z'), 'I'.toLocaleLowerCase(), new Intl.DateTimeFormat().resolvedOptions().locale, new Date(0).toLocaleString('de', { timeZone: 'UTC' })]`,
    clean: ['1,234.5', '1/1/1970', -1, 'i', 'en-US', '1.1.1970, 00:00:00'],
  },
  {
    title: 'a large heap that it keeps',
    isolate: 'either',
    leave: `globalThis.kept = Array.from({ length: 300_000 }, (_, i) => ({ left: 'left ' + i, more: [i] })); globalThis.texts = new Map(kept.map((each) => [each.left, each]))`,
    look: `return [typeof kept, typeof texts, Object.getOwnPropertyNames(globalThis).some((name) => name === 'kept')]`,
    clean: ['undefined', 'undefined', false],
  },
  {
    title: 'ten thousand rejections without a handler',
    isolate: 'either',
    leave: `for (let i = 0; i < 1e4; i++) Promise.reject(new Error('left ' + i))`,
    look: `await null; await sleep(1); return 'nothing'`,
    clean: 'nothing',
  },
  {
    title: 'an exhausted stack',
    leave: `let depth = 0; const deep = () => { depth++; deep() }; for (let i = 0; i < 3; i++) try { deep() } catch {}
      const caught = () => { try { caught() } catch { return 'caught' } }; caught()`,
    look: `const nested = (n) => (n === 0 ? 0 : 1 + nested(n - 1)); return [nested(1_000), new Error('x').stack.split('\\n').length > 1]`,
    clean: [1_000, true],
  },
]
