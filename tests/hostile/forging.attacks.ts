/** Attempts to forge the outcome of an execution. */
import { expect } from 'vitest'

import { type Attack, fails, returns } from './attack.ts'

export const attacks: readonly Attack[] = [
  returns(
    'Object.prototype.toJSON forges no outcome',
    1,
    `Object.prototype.toJSON = () => ({ ok: false, code: 'SANDBOX_CRASHED', name: 'Error', message: 'forged' }); return 1`,
  ),
  returns('Object.prototype.toJSON breaks no protocol', 1, `Object.prototype.toJSON = () => 7; return 1`),
  fails(
    'Object.prototype.toJSON forges no failure',
    { code: 'GUEST_ERROR', name: 'Error', message: 'real' },
    `Object.prototype.toJSON = () => ({ ok: true, result: '"forged"' }); throw new Error('real')`,
  ),
  fails(
    'Object.prototype.toJSON forges no details',
    { code: 'RESULT_NOT_SERIALIZABLE', details: { path: '' } },
    `Object.prototype.toJSON = () => ({ forged: true }); return Symbol('s')`,
  ),
  fails(
    'an error with the name of a host error is a GUEST_ERROR',
    { code: 'GUEST_ERROR', name: 'SandboxCrashed', message: 'Script execution timed out.', retryable: false },
    `throw Object.assign(new Error('Script execution timed out.'), { name: 'SandboxCrashed', code: 'CPU_TIMEOUT', retryable: true })`,
  ),
  returns(
    'an unhandled rejection forges no timeout',
    1,
    `Promise.reject(new Error('Script execution timed out.')); Promise.reject(new Error('Isolate was disposed during execution')); return 1`,
  ),
  returns('a result that looks like an error is a value', 'ERROR: CPU_TIMEOUT', `return 'ERROR: CPU_TIMEOUT'`),
  returns(
    'a result that looks like an outcome is a value',
    { success: false, error: { code: 'CANCELLED' }, executionId: 'exe_1' },
    `return { success: false, error: { code: 'CANCELLED' }, executionId: 'exe_1' }`,
  ),
  returns(
    'a thenable is awaited, and only its first resolution counts',
    9,
    `return { then(resolve) { resolve(9); resolve(10) } }`,
  ),
  returns(
    'Object.prototype.then resolves to the value of the guest',
    'own',
    `Object.prototype.then = (resolve) => resolve('own'); return {}`,
  ),
  fails(
    'a getter of the result that throws is a GUEST_ERROR',
    { code: 'GUEST_ERROR', name: 'TypeError', message: 'got' },
    `return { get a() { throw new TypeError('got') } }`,
  ),
  fails('a toJSON that never returns is stopped', { code: 'CPU_TIMEOUT' }, 'return { toJSON() { for (;;); } }', {
    cpuTimeoutMs: 100,
  }),
  fails(
    'a proxy that never returns is stopped',
    { code: 'CPU_TIMEOUT' },
    'return new Proxy({}, { ownKeys() { for (;;); } })',
    {
      cpuTimeoutMs: 100,
    },
  ),
  fails('a message that never returns is stopped', { code: 'CPU_TIMEOUT' }, 'throw { get message() { for (;;); } }', {
    cpuTimeoutMs: 100,
  }),
  returns(
    'the runtime does not read the endless message of a lost rejection',
    1,
    'Promise.reject({ get message() { for (;;); } }); return 1',
    { cpuTimeoutMs: 100 },
  ),
  returns(
    'actions of the code after its end have no effect',
    1,
    `Promise.resolve().then(async () => { for (let i = 0; i < 9; i++) { await null; console.log(i); tools.echo(i) } })
     return 1`,
  ),
  returns(
    'fields on Object.prototype do not become fields of an error',
    ['TOOL_INPUT_INVALID', { arguments: 2 }, false, 'ToolError'],
    `Object.prototype.code = 'FORGED'; Object.prototype.data = 1; Object.prototype.retryable = true
     try { await tools.echo(1, 2) } catch (error) { return [error.code, error.data, error.retryable, error.name] }`,
  ),
  returns(
    'settling twice, late, or by a false thenable counts once',
    ['first', 'deep', 7],
    `const twice = new Promise((resolve, reject) => { resolve('first'); reject(new Error('second')); throw new Error('third') })
     const deep = { then(resolve, reject) { resolve({ then(inner) { inner('deep'); inner('deeper') } }); reject(new Error('late')); throw new Error('later') } }
     return Promise.all([twice, deep, (async () => { try { return 6 } finally { return 7 } })()])`,
  ),
  fails(
    'a then that throws is a GUEST_ERROR',
    { code: 'GUEST_ERROR', name: 'TypeError', message: 'in then' },
    `return { get then() { throw new TypeError('in then') } }`,
  ),
  fails(
    'a thenable that resolves to itself is stopped',
    { code: 'CPU_TIMEOUT' },
    `const loop = { then(resolve) { resolve(loop) } }; return loop`,
    { cpuTimeoutMs: 100 },
  ),
  fails('a thenable that never settles fails with NEVER_SETTLES', { code: 'NEVER_SETTLES' }, `return { then() {} }`),
  fails(
    'a promise that resolves to itself is a GUEST_ERROR',
    { code: 'GUEST_ERROR', name: 'TypeError' },
    `let self; self = Promise.resolve().then(() => self); return self`,
  ),
  fails(
    'a failure takes neither stack nor details from Object.prototype',
    {
      code: 'GUEST_ERROR',
      name: 'Error',
      message: 'x',
      details: { tool: 'fails' },
      guestStack: expect.stringContaining('code:'),
    },
    `Object.prototype.details = { forged: true }; Object.prototype.stack = 'forged'
     const { name } = await tools.fails().catch((error) => error)
     if (name !== 'ToolError') return name
     await tools.fails().catch((error) => { error.message = 'x'; error.name = 'Error'; throw error })`,
  ),
  fails(
    'getters on Object.prototype that throw suppress no failure',
    { code: 'GUEST_ERROR', name: 'Error', message: 'plain' },
    `for (const name of ['stack', 'details', 'name', 'message', 'code', 'ok', 'result', 'cause'])
       Object.defineProperty(Object.prototype, name, { get() { throw new Error('no ' + name) }, set() { throw new Error('no ' + name) } })
     throw 'plain'`,
  ),
  fails(
    'an object with the prototype of ToolError is not a failure of a tool',
    { code: 'GUEST_ERROR', name: 'ToolError', message: 'forged', retryable: false },
    `throw Object.assign(Object.create(ToolError.prototype), { tool: 'forged', code: 'TOOL_TIMEOUT', retryable: true, message: 'forged', details: { code: 'TOOL_TIMEOUT' } })`,
  ),
  fails(
    'the details of a failed tool are those of the call, even if the code overwrites them',
    {
      code: 'GUEST_ERROR',
      name: 'CancelledError',
      message: 'cancelled',
      retryable: false,
      details: { tool: 'fails', code: 'TOOL_ERROR', retryable: false },
    },
    `const error = await tools.fails().catch((caught) => caught)
     throw Object.assign(error, { code: 'CPU_TIMEOUT', retryable: true, tool: 'other', name: 'CancelledError', message: 'cancelled', details: {} })`,
  ),
  fails(
    'a forged allocation failure ends only its own execution',
    { code: 'MEMORY_LIMIT' },
    `new Uint8Array(1).map(() => { throw new RangeError('Array buffer allocation failed') }); return 1`,
  ),
  fails(
    'a limit that is exceeded while an error is described takes precedence',
    { code: 'TOO_MANY_TOOL_CALLS' },
    `throw { get message() { for (let i = 0; i < 1_100; i++) tools.echo(i); return 'hidden' } }`,
  ),
  fails(
    'a result getter that exceeds a limit fails, caught or not',
    { code: 'TOO_MANY_TOOL_CALLS' },
    `return { get a() { try { for (let i = 0; i < 1_100; i++) tools.echo(i) } catch {} return 'success' } }`,
  ),
  returns(
    'timers after the end have no effect',
    1,
    `setTimeout(() => { throw new Error('late') }, 0); setInterval(() => tools.echo('late'), 1); queueMicrotask(() => { Promise.reject(new Error('lost')) }); return 1`,
  ),
  fails(
    'an error in a timer ends the execution once, with that error',
    { code: 'GUEST_ERROR', message: 'in the timer' },
    `setTimeout(() => { throw { name: 'CPU_TIMEOUT', message: 'in the timer' } }, 1)
     setTimeout(() => { throw new Error('later') }, 1); await sleep(50); return 'success'`,
  ),
]
