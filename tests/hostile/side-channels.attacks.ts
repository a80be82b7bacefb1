/** Attempts to learn something by measuring, by sharing, or from the remains of other executions. */
import { type Attack, fails, returns } from './attack.ts'

const clocks: Attack[] = [
  returns(
    'a loop cannot count iterations against a clock',
    'no tick',
    `const clocks = [() => Date.now(), () => performance.now(), () => Number(Temporal.Now.instant().epochNanoseconds), () => new Event('x').timeStamp]
     for (const clock of clocks) { const start = clock(); for (let i = 0; i < 3e5; i++) if (clock() !== start) return 'ticked' }
     return 'no tick'`,
  ),
  returns(
    'no clock is finer than a millisecond, within a turn or between turns',
    [],
    `const fine = []
     for (let i = 0; i < 20; i++) {
       await (i % 2 ? sleep(0.25) : tools.echo(i))
       const readings = { date: Date.now(), performance: performance.now(), origin: performance.timeOrigin, event: new Event('x').timeStamp, temporal: Number(Temporal.Now.instant().epochNanoseconds % 1_000_000n) }
       for (const [name, reading] of Object.entries(readings)) if (!Number.isInteger(reading) || (name === 'temporal' && reading !== 0)) fine.push(name)
     }
     return fine`,
  ),
  returns(
    'code cannot create a counter in another thread',
    [],
    `const names = ['Worker', 'SharedWorker', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'MessageChannel', 'BroadcastChannel', 'importScripts', 'postMessage', 'requestAnimationFrame', 'setImmediate', 'ServiceWorker']
     return names.filter((name) => name in globalThis || (0, eval)('typeof ' + name) !== 'undefined')`,
  ),
  returns(
    'no buffer is shared: every view, its clone and its transfer belong to the execution',
    [true, 'undefined', 0, 'TypeError', 'ArrayBuffer'],
    `const bytes = new Uint8Array([1, 2, 3])
     const copy = structuredClone(bytes)
     copy[0] = 9
     const moved = structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
     let refused
     try { new Uint8Array(new ArrayBuffer(8, { shared: true })).buffer.grow(16) } catch (error) { refused = error.name }
     return [new Uint8Array(moved)[0] === 1, typeof moved.growable, bytes.length, refused, Object.prototype.toString.call(moved).slice(8, -1)]`,
  ),
  returns(
    'an interval is not a clock within a turn',
    [0, true],
    `let ticks = 0
     const id = setInterval(() => { ticks++ }, 1)
     for (let i = 0; i < 2e6; i++) if (i % 1e5 === 0) await null
     const within = ticks
     await sleep(10); clearInterval(id)
     return [within, ticks > 0]`,
  ),
  returns(
    'a call in flight is not a clock within a turn',
    [0, true],
    `let answers = 0
     for (let i = 0; i < 10; i++) void tools.echo(i).then(() => { answers++ })
     for (let i = 0; i < 2e6; i++) if (i % 1e5 === 0) await null
     const within = answers
     await tools.echo('last'); await sleep(1)
     return [within, answers > 0]`,
  ),
  returns(
    'after a sleep the clock shows the requested time, not that of the machine',
    [true, true],
    `const before = Date.now(); await sleep(3); const after = Date.now(); for (let i = 0; i < 3e6; i++); return [after - before >= 3, Date.now() === after]`,
  ),
  returns(
    'log entries carry no time that the code could read',
    [['debug', 'error', 'info', 'log', 'warn'], 'undefined', 'undefined', 'undefined'],
    `const returned = ['debug', 'error', 'info', 'log', 'warn'].filter((name) => console[name]('x') === undefined)
     return [returned, typeof console.timeEnd('x'), typeof console.memory, typeof console.timeStamp('x')]`,
  ),
  returns(
    'code cannot read its memory usage',
    ['undefined', 'undefined', 'undefined', 'undefined'],
    `return [typeof performance.memory, typeof performance.measureUserAgentSpecificMemory, typeof performance.eventLoopUtilization, typeof globalThis.gc]`,
  ),
  returns(
    'objects have no addresses: hashes, ids and texts of equal objects are equal',
    [true, true, true],
    `const describe = () => [String(Symbol()), String(() => {}), Object.prototype.toString.call({}), JSON.stringify(Object.getOwnPropertyDescriptors({ a: 1 }))].join()
     const first = describe(), kept = Array.from({ length: 1e4 }, () => ({})), second = describe()
     return [first === second, kept.length === 1e4, Reflect.ownKeys({}).length === 0]`,
  ),
]

const others: Attack[] = [
  returns(
    'the ids of calls, timers and executions are unrelated to other executions',
    [1, 2, []],
    `const ids = [setTimeout(() => {}, 1e6), setTimeout(() => {}, 1e6)]
     for (let i = -10; i < 1_000; i++) { clearTimeout(i); clearInterval(String(i)); clearTimeout({ valueOf: () => i }) }
     const text = JSON.stringify([input, context, config, await tools.echo('x'), await tools.fails().catch((error) => ({ ...error, stack: error.stack }))])
     return [...ids, text.match(/exe_[A-Za-z0-9]+|tenant-|key-/g) ?? []]`,
  ),
  returns(
    'the text of functions contains only the source of the code',
    [],
    `const secrets = /canary|tenant|apiKey|Bearer|CODEMODE_|executionId|exe_/
     const seen = new Set(), found = [], queue = [globalThis]
     for (const name of Object.getOwnPropertyNames(globalThis)) queue.push(globalThis[name])
     while (queue.length > 0) {
       const value = queue.pop()
       if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
       seen.add(value)
       if (typeof value === 'function' && value !== arguments.callee && secrets.test(Function.prototype.toString.call(value))) found.push(value.name)
       queue.push(Object.getPrototypeOf(value))
       for (const key of Reflect.ownKeys(value)) {
         const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
         if (typeof descriptor.value === 'string' && secrets.test(descriptor.value)) found.push(String(key))
         queue.push(descriptor.value, descriptor.get, descriptor.set)
       }
     }
     return found`,
  ),
  returns(
    'the statics of RegExp hold nothing that the runtime captured',
    ['', '', ''],
    `console.log({ plainKey: 1, 'quoted-key': [1] }); try { atob('not base64!') } catch {}
     new URL('http://user:secret@x/'); await tools.fails().catch(() => {})
     return [RegExp.$1, RegExp.$2, RegExp.lastParen]`,
  ),
  returns(
    'the symbol registry contains no symbol of another execution',
    [],
    `const names = ['seed', 'state', 'runtime', 'secret', 'codemode', 'hold', 'tools', 'nodejs.util.inspect.custom']
     return Reflect.ownKeys(globalThis).concat(Reflect.ownKeys(tools)).filter((key) => typeof key === 'symbol' && Symbol.keyFor(key) !== undefined).map(String)`,
  ),
  returns(
    'code cannot read the seed from its output or its former location',
    [[], true],
    `const bytes = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('')
     const seen = []
     for (const key of ['seed', 'key', 'block', 'state', 'randomBytes']) if (crypto[key] !== undefined || Math[key] !== undefined || Math.random[key] !== undefined) seen.push(key)
     return [seen, new Set(bytes).size > 8 && !String(Math.random).includes(bytes)]`,
  ),
  returns(
    'an input of megabytes leaves no data for the next one',
    [1_000_000, 'x', 'undefined'],
    `const long = await tools.echo('s'.repeat(1e6)); const short = await tools.echo('x'); return [long.length, short, typeof short[1]]`,
  ),
  returns(
    'each call gets its own copy of the answer, and its input is not kept',
    [false, { a: 1 }, { a: 1 }],
    `const input = { a: 1 }
     const pending = tools.echo(input); input.a = 2
     const first = await pending
     const second = await tools.echo({ a: 1 }); first.b = 'tampered'
     delete first.b
     return [first === second, first, second]`,
  ),
  returns(
    'files, environment and network are inaccessible',
    [],
    `const paths = ['/etc/passwd', '/proc/self/environ', 'file:///etc/passwd', 'node:fs']
     const ways = ['fetch', 'require', 'importScripts', 'load', 'read', 'readFile', 'open', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'Deno', 'Bun', 'process', 'process.env', 'module', '__filename', 'std', 'os', 'java', 'Packages', 'ActiveXObject']
     const found = ways.filter((way) => { try { return (0, eval)(way) !== undefined } catch (error) { return error.name !== 'ReferenceError' } })
     for (const path of paths) { try { found.push(await (0, eval)('import(' + JSON.stringify(path) + ')')) } catch (error) { if (!(error instanceof Error)) found.push(path) } }
     return found`,
  ),
  fails(
    'a refused import reveals nothing about existing files',
    { code: 'GUEST_ERROR', message: 'same' },
    `const messages = await Promise.all(['/etc/passwd', '/etc/none', 'node:fs', 'node:none'].map((path) => (0, eval)('import(' + JSON.stringify(path) + ')').catch((error) => error.message.replaceAll(path, ''))))
     throw new Error(new Set(messages).size === 1 ? 'same' : JSON.stringify(messages))`,
  ),
]

export const attacks: readonly Attack[] = [...clocks, ...others]
