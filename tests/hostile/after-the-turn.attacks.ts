/**
 * Attacks by unhandled rejections. isolated-vm copies one of them out after each entry, outside of the entry's timeout.
 * That would run getters of the reason, and the next entry would run the microtasks that those getters queue. The
 * runtime prevents both.
 */
import { type Attack, fails, returns } from './attack.ts'

/** Returns an attack whose getters and traps must never run: the code returns 1 and nothing else happens. */
const isNotLookedAt = (title: string, code: string): Attack =>
  returns(`the runtime never reads ${title}`, 1, code, { cpuTimeoutMs: 2_000 })

/** Returns an attack by a rejection whose reason has a getter for `message` with side effects. */
const doesNothing = (title: string, getter: string): Attack =>
  isNotLookedAt(title, `Promise.reject({ get message() { ${getter} } })\nreturn 1`)

const inGetters: Attack[] = [
  doesNothing('a message that rejects once more', 'Promise.reject(2); return 1'),
  doesNothing('a message that never returns', 'for (;;);'),
  doesNothing('a message that queues microtasks without end', 'const go = () => queueMicrotask(go); go(); return "x"'),
  doesNothing('a message that allocates without end', 'const a = []; for (;;) a.push(new Array(1e5).fill(1.5))'),
  doesNothing('a message that calls tools', 'tools.echo(1); return "x"'),
  doesNothing('a message that logs', 'console.log("late"); return "x"'),
  doesNothing('a message that sets timers', 'setInterval(() => { for (;;); }, 1); return "x"'),
  doesNothing('a message that throws a rejection', 'throw Promise.reject({ get stack() { for (;;); } })'),
  doesNothing('a message that recurses', 'return this.message'),
  doesNothing('a message that rejects another of the same kind', 'Promise.reject(this); return "x"'),
]

const inReasons: Attack[] = [
  isNotLookedAt(
    'the conversions of a message',
    `Promise.reject({ message: { toString() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } } })
     return 1`,
  ),
  isNotLookedAt(
    'the stack, the name and the constructor of an error',
    `const reason = new Error('x')
     for (const key of ['stack', 'name', 'constructor', 'message']) Object.defineProperty(reason, key, { get() { for (;;); } })
     Promise.reject(reason)
     return 1`,
  ),
  isNotLookedAt(
    'a proxy with traps that loop',
    `Promise.reject(new Proxy(() => {}, { get() { for (;;); }, getPrototypeOf() { for (;;); }, has() { for (;;); }, getOwnPropertyDescriptor() { for (;;); } }))
     return 1`,
  ),
  isNotLookedAt(
    'the result of Error.prepareStackTrace',
    `Error.prepareStackTrace = () => { Promise.reject({ get stack() { for (;;); } }); for (;;); }
     Promise.reject(new Error('x'))
     return 1`,
  ),
  isNotLookedAt(
    'getters that all errors of V8 inherit',
    `for (const key of ['message', 'stack', 'name', 'toString', 'cause']) {
       for (const { prototype } of [Object, Error, TypeError, RangeError]) {
         Object.defineProperty(prototype, key, { get() { Promise.reject(this); for (;;); } })
       }
     }
     void (async () => null.x)()
     return 1`,
  ),
  isNotLookedAt('a thenable', 'Promise.reject({ then() { for (;;); }, get message() { for (;;); } })\nreturn 1'),
  isNotLookedAt(
    'the errors of Promise.any',
    `Promise.any([Promise.reject({ get message() { for (;;); } })])
     return 1`,
  ),
  isNotLookedAt(
    'the rejection of an async generator',
    `void (async function* () { throw { get message() { for (;;); } } })().next()
     return 1`,
  ),
  isNotLookedAt(
    'ten thousand rejections at once',
    'for (let i = 0; i < 1e4; i++) Promise.reject({ get message() { Promise.reject(i); for (;;); } })\nreturn 1',
  ),
  isNotLookedAt('the number that ends a turn', 'Promise.reject(0)\nawait sleep(1)\nPromise.reject(0)\nreturn 1'),
  isNotLookedAt(
    'an error with a message of isolated-vm',
    `Promise.reject(new Error('Script execution timed out.'))
     Promise.reject(new Error('Isolate was disposed during execution due to memory limit'))
     return 1`,
  ),
]

const overTurns: Attack[] = [
  isNotLookedAt(
    'a rejection in each turn',
    `const hostile = () => ({ get message() { Promise.reject(hostile()); tools.echo('late'); for (;;); } })
     for (let i = 0; i < 3; i++) { Promise.reject(hostile()); await sleep(1); Promise.reject(hostile()); await tools.echo(i) }
     return 1`,
  ),
  isNotLookedAt(
    'the rejection of a timer that fires between others',
    `setTimeout(() => void Promise.reject({ get message() { for (;;); } }), 1)
     await sleep(2)
     return 1`,
  ),
  isNotLookedAt(
    'a rejection after the end of the code',
    `void (async () => { for (let i = 0; i < 9; i++) await null; Promise.reject({ get message() { for (;;); } }) })()
     return 1`,
  ),
  isNotLookedAt(
    'a rejection that would change the value of the code',
    `let end
     const ended = new Promise((resolve) => { end = resolve })
     Promise.reject({ get message() { end(2) } })
     setTimeout(() => end(1), 2)
     return ended`,
  ),
  isNotLookedAt(
    'a rejection that is handled in a later turn',
    `const late = Promise.reject({ get message() { for (;;); } })
     await sleep(1)
     return late.catch(() => 1)`,
  ),
  isNotLookedAt(
    'the rejection of a promise with replaced methods',
    `Promise.reject = Promise.resolve = () => { for (;;); }
     Promise.prototype.then = Promise.prototype.catch = () => { for (;;); }
     Object.defineProperty(Promise, Symbol.species, { get() { for (;;); } })
     new Promise((_, reject) => reject({ get message() { for (;;); } }))
     return 1`,
  ),
]

const inFailures: Attack[] = [
  fails(
    'a failure whose message rejects is reported, and the rejection is not read',
    { code: 'GUEST_ERROR', message: 'told' },
    `throw { get message() { Promise.reject({ get message() { for (;;); } }); return 'told' } }`,
    { cpuTimeoutMs: 2_000 },
  ),
  fails(
    'a timer’s failure whose message rejects is reported, and the rejection is not read',
    { code: 'GUEST_ERROR', message: 'told' },
    `setTimeout(() => { throw { get message() { Promise.reject({ get stack() { for (;;); } }); return 'told' } } }, 1)
     await sleep(9)`,
    { cpuTimeoutMs: 2_000 },
  ),
  fails(
    'the number that ends a turn is an error of the code when the code throws it',
    { code: 'GUEST_ERROR', message: 'thrown: 0' },
    'throw 0',
  ),
  returns(
    'no code runs when garbage is collected, as there is no FinalizationRegistry',
    ['undefined', 'undefined'],
    'return [typeof FinalizationRegistry, typeof WeakRef]',
  ),
]

const withinTheTurn: Attack[] = [
  fails(
    'microtasks after the end of the code are part of its turn',
    { code: 'CPU_TIMEOUT', details: { layer: 'cpu', timeoutMs: 100 } },
    `const go = () => { Promise.reject({ get message() { go() } }); queueMicrotask(go) }
     go()
     return 1`,
    { cpuTimeoutMs: 100 },
  ),
]

/** Attacks that end by themselves, without intervention of the executor. */
export const quietAttacks: readonly Attack[] = [...inGetters, ...inReasons, ...overTurns, ...inFailures]

export const attacks: readonly Attack[] = [...quietAttacks, ...withinTheTurn]
