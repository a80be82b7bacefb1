/** Attempts to get a reference out of the guest's realm: objects of the host, the bridge, another realm. */
import { type Attack, fails, returns } from './attack.ts'

const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

/** Names that would show a global of the host. */
const hostNames = `['process', 'require', 'module', 'Buffer', 'global', 'ivm', 'isolated_vm', 'Reference', 'ExternalCopy',
  'Isolate', '_ivm', 'fetch', 'Deno', 'Bun', '$0', '__dirname', 'emit', 'deliver', 'p', 'state', 'host', 'urlHost', 'sourceOfPart']`

export const attacks: readonly Attack[] = [
  returns(
    'the constructor chain of every value ends at the guest’s own globals',
    repeat(12, true),
    `const values = [[], {}, 1, '', () => {}, async () => {}, function* () {}, tools, tools.echo, console.log, input, context]
     return values.map((value) => Object(value).constructor.constructor('return this')() === globalThis
       || value.constructor.constructor('return globalThis')().globalThis === globalThis
       || Object.getPrototypeOf(value).constructor.constructor === Function)`,
  ),
  returns(
    'Function, AsyncFunction, eval and similar functions compile code in the guest’s own realm',
    [...repeat(5, true), ...repeat(23, 'undefined')],
    `const Async = (async () => {}).constructor
     const Generator = (function* () {}).constructor
     const own = [
       Function('return this')(), (0, eval)('this'), await Async('return globalThis')(), Generator('yield this')().next().value,
       new Function('return eval("this")')(),
     ].map((scope) => scope === globalThis)
     return [...own, ...${hostNames}.map((name) => Function('return typeof ' + name)())]`,
  ),
  returns(
    'no object reachable from globalThis belongs to another realm or to the bridge',
    [],
    `const seen = new Set()
     const found = []
     const queue = [['globalThis', globalThis], ['tools.echo', tools.echo], ['arguments', arguments], ['error', new Error('x')],
       ['call', tools.echo(1)], ['generator', (function* () {})()], ['iterator', [][Symbol.iterator]()]]
     for (const name of Object.getOwnPropertyNames(globalThis)) queue.push([name, globalThis[name]])
     const names = /^(Reference|Callback|ExternalCopy|Isolate|Context|Module|Script|process|NativeModule)$/
     while (queue.length > 0) {
       const [path, value] = queue.pop()
       if ((typeof value !== 'object' || value === null) && typeof value !== 'function') continue
       if (seen.has(value)) continue
       seen.add(value)
       let root = value
       for (let next; (next = Object.getPrototypeOf(root)) !== null; root = next) queue.push([path + '.__proto__', next])
       if (root !== Object.prototype && Object.getPrototypeOf(value) !== null && root !== value) found.push(path + ': another root')
       if (typeof value === 'function' && names.test(value.name)) found.push(path + ': ' + value.name)
       if (names.test(Object.prototype.toString.call(value).slice(8, -1))) found.push(path)
       for (const key of Reflect.ownKeys(value)) {
         if (['applySync', 'copySync', 'derefInto', 'applyIgnored', 'runSync', 'mainModule'].includes(key)) found.push(path + '.' + String(key))
         const { value: item, get, set } = Reflect.getOwnPropertyDescriptor(value, key) ?? {}
         for (const each of [item, get, set]) queue.push([path + '.' + String(key), each])
       }
     }
     return seen.size > 500 ? found : ['the search was too short: ' + seen.size]`,
  ),
  returns(
    'the source of every builtin function contains no file name and no secret of the host',
    [],
    `const texts = [console.log, setTimeout, sleep, tools.echo, URL, structuredClone, Date, Error.prepareStackTrace].map(String)
     return texts.filter((text) => /\\/work|node_modules|file:|canary/i.test(text))`,
  ),
  returns(
    'Error.prepareStackTrace sees no function, receiver or file of the runtime (vm2 CVE-2022-36067)',
    [],
    `Error.prepareStackTrace = (_error, sites) => sites
     const sites = [...new Error('x').stack]
     console.log({ get [Symbol.toStringTag]() { sites.push(...new Error('x').stack) } })
     await tools.fails().catch((error) => { if (Array.isArray(error.stack)) sites.push(...error.stack) })
     new URL('http://x/')
     try { structuredClone(() => {}) } catch (error) { if (Array.isArray(error.stack)) sites.push(...error.stack) }
     return sites.filter((site) => {
       const isOwn = !String(site.getScriptNameOrSourceURL()).startsWith('codemode:')
       const leaked = [site.getThis(), site.getFunction()].some((value) => value !== undefined)
       return (!isOwn && leaked) || /\\/|node:|file:/.test(site.getFileName() ?? '')
     }).map(String)`,
  ),
  returns(
    'the result or error of Error.prepareStackTrace blocks no answer',
    ['TOOL_ERROR', 'TOOL_INPUT_INVALID'],
    `const code = (error) => error.code
     Error.prepareStackTrace = () => { throw new Error('boo') }
     const first = await tools.fails().catch(code)
     Error.prepareStackTrace = () => ({ get length() { throw 1 } })
     return [first, await tools.echo(1, 2).catch(code)]`,
  ),
  returns(
    'Error.captureStackTrace and a huge stackTraceLimit show no frame of the host (vm2 CVE-2023-29199)',
    [],
    `Error.stackTraceLimit = Infinity
     const holder = {}
     Error.captureStackTrace(holder)
     return holder.stack.split('\\n').slice(1).filter((line) => !/at (async )?code:/.test(line))`,
  ),
  fails(
    'arguments.callee.caller is inaccessible',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    'return arguments.callee.caller',
  ),
  returns(
    'a sloppy function that the runtime calls cannot read its caller or the caller’s arguments',
    repeat(3, 'null'),
    `const seen = []
     function spy() { seen.push(String(spy.caller)); return 1 }
     await tools.echo({ toJSON: spy })
     await new Promise((done) => setTimeout(function timer() { seen.push(String(timer.caller)); done() }))
     await new Promise((done) => queueMicrotask(function job() { seen.push(String(job.caller)); done() }))
     return seen`,
  ),
  returns(
    'the function around the code has no arguments, and the guest’s this',
    [0, true],
    'return [arguments.length, this === globalThis]',
  ),
  returns(
    'an error from the bridge is the guest’s own (vm2 CVE-2019-10761: overflow on the way to the host)',
    [true, true, true],
    `const errors = new Set()
     const deep = (act) => { try { act() } catch (error) { errors.add(error) } ; deep(act) }
     for (const act of [() => new URL('http://x/'), () => console.log(''), () => setTimeout(() => {}, 1e6)])
       try { deep(act) } catch (error) { errors.add(error) }
     const list = [...errors]
     return [
       list.length > 0,
       list.every((error) => error.constructor === RangeError && Object.getPrototypeOf(error) === RangeError.prototype),
       list.every((error) => error.constructor.constructor('return this')() === globalThis),
     ]`,
    { cpuTimeoutMs: 4_000 },
  ),
  returns(
    'an error of the host’s URL parser arrives as the guest’s own TypeError',
    [true, true, 'Invalid URL', 'ERR_INVALID_URL'],
    `try { new URL('\\ud800:// ') } catch (error) {
       return [error.constructor === TypeError, error instanceof Error, error.message, error.code]
     }`,
  ),
  returns(
    'import() in code made at run time is refused with an error of the guest’s own realm',
    repeat(3, true),
    `const sources = ['import("node:fs")', 'import("data:text/javascript,1")', 'import("isolated-vm")']
     return Promise.all(sources.map((source) => (0, eval)(source).then(() => 'imported', (error) => error instanceof Error
       && error.constructor.constructor('return this')() === globalThis)))`,
  ),
]
