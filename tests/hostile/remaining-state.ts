/** State that one execution leaves and that another looks for, with the values that a clean realm shows. */
interface Leftover {
  readonly title: string
  readonly leave: string
  readonly look: string
  readonly clean: unknown
}

export const leftovers: readonly Leftover[] = [
  {
    title: 'a global or a poisoned prototype',
    leave: `globalThis.left = 1; for (const { prototype } of [Object, Array, Function, Promise, String, Map]) prototype.left = 1; Array.prototype.map = () => 'left'; (0, eval)('var left2 = 1')`,
    look: `return [typeof left, typeof left2, typeof [].left, typeof (() => {}).left, [1].map((x) => x + 1)[0]]`,
    clean: ['undefined', 'undefined', 'undefined', 'undefined', 2],
  },
  {
    title: 'a registered symbol with its properties',
    leave: `globalThis[Symbol.for('left')] = 'left'; Object.prototype[Symbol.for('left')] = 'left'`,
    look: `return [typeof globalThis[Symbol.for('left')], typeof ({})[Symbol.for('left')]]`,
    clean: ['undefined', 'undefined'],
  },
  {
    title: 'a match in the statics of RegExp',
    leave: `/(s.*t)/.exec('a secret here')`,
    look: `return [RegExp.$1, RegExp.lastMatch, RegExp.input]`,
    clean: ['', '', ''],
  },
  {
    title: 'a template object of the same source',
    leave: `const tag = (strings) => strings; const template = (0, eval)('(tag) => tag\`same\`')(tag); globalThis.kept = template; Object.getPrototypeOf(template).left = 'left'`,
    look: `const tag = (strings) => strings; const template = (0, eval)('(tag) => tag\`same\`')(tag); return [typeof template.left, template[0], typeof kept]`,
    clean: ['undefined', 'same', 'undefined'],
  },
  {
    title: 'a replaced formatter of Intl or of stacks',
    leave: `Intl.NumberFormat.prototype.format = Intl.DateTimeFormat = () => 'left'; Error.prepareStackTrace = () => 'left'; Error.stackTraceLimit = 0; Date.now = () => 0; Math.random = () => 0.5`,
    look: `return [new Intl.NumberFormat('de').format(1234.5), new Error('x').stack.includes('code:'), Error.stackTraceLimit, Math.random() !== 0.5, Date.now() > 0]`,
    clean: ['1.234,5', true, 10, true, true],
  },
  {
    title: 'a used time zone, locale or calendar',
    leave: `new Intl.DateTimeFormat('ar-EG-u-ca-islamic', { timeZone: 'Asia/Kathmandu' }).format(); Temporal.Now.zonedDateTimeISO('Asia/Tokyo'); try { Temporal.Now.timeZoneId = () => 'Asia/Tokyo' } catch {}`,
    look: `const { locale, timeZone, calendar } = new Intl.DateTimeFormat().resolvedOptions(); return [locale, timeZone, calendar, Temporal.Now.timeZoneId(), new Date(0).getHours()]`,
    clean: ['en-US', 'UTC', 'gregory', 'UTC', 0],
  },
  {
    title: 'a changed web global or tools object',
    leave: `URL.prototype.toString = () => 'left'; crypto.randomUUID = () => 'left'; TextEncoder.prototype.encode = () => 'left'; console.log = () => { throw 1 }; Object.defineProperty(globalThis, 'tools', { value: { echo: () => 'left' } }); globalThis.tools; tools.echo = null; globalThis.setTimeout = null; var { echo } = tools; tools.echo = (x) => x`,
    look: `console.log('x'); return [String(new URL('http://x')), crypto.randomUUID().length, new TextEncoder().encode('x').length, typeof tools.echo, typeof setTimeout, await tools.echo(1)]`,
    clean: ['http://x/', 36, 1, 'function', 'function', 1],
  },
  {
    title: 'an open call, timer, listener or rejection',
    leave: `void tools.echo('open'); setTimeout(() => { globalThis.left = 1 }, 1); setInterval(() => console.log('left'), 1); const controller = new AbortController(); controller.signal.onabort = () => {}; AbortSignal.timeout(1); Promise.reject(new Error('left'))`,
    look: `await sleep(5); return [typeof left, setTimeout(() => {}, 1e6)]`,
    clean: ['undefined', 2],
  },
  {
    title: 'a pattern of bytes in freed buffers and strings',
    leave: `for (let i = 0; i < 50; i++) new Uint32Array(250_000).fill(0xdeadbeef)`,
    look: `const found = []; for (let i = 0; i < 50; i++) { const words = new Uint32Array(250_000); if (words.includes(0xdeadbeef)) found.push(i) } return found`,
    clean: [],
  },
]
