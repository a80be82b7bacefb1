import { afterAll, beforeAll, expect, test } from 'vitest'

import type { Codemode } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'

import { connect, startExecutor } from '../support/executor.ts'

let executor: RunningExecutor
let codemode: Codemode

beforeAll(async () => {
  executor = await startExecutor()
  codemode = connect(executor, { memoryLimitMb: 32 })
})
afterAll(async () => {
  await codemode.close()
  await executor.close({ drainMs: 0 })
})

test.each([
  'const kept = []; for (;;) kept.push(new Uint8Array(1_000_000))',
  'const kept = []; for (;;) { try { kept.push(new ArrayBuffer(1_000_000)) } catch { return kept.length } }',
  'let a = new Float64Array(1_000_000); try { for (;;) a = [a, a.slice()] && new Float64Array([...a, ...a]) } catch {} return 1',
  'class Mine extends Uint8Array {} const kept = []; for (;;) { try { kept.push(new Mine(1e6)) } catch { return 1 } }',
])('EX-8: running out of buffers ends the execution, whether the guest catches it or not: %s', async (code) => {
  expect(await codemode.run(code)).toMatchObject({ success: false, error: { code: 'MEMORY_LIMIT' } })
})

test('buffers behave as the language says, and none can be resized', async () => {
  const code = `
    class Mine extends Uint8Array {}
    let refused
    try { new ArrayBuffer(8, { maxByteLength: 64 }) } catch (error) { refused = error.message }
    return {
      refused,
      names: [ArrayBuffer.name, Uint8Array.name, Uint8Array.length, Uint8Array.BYTES_PER_ELEMENT],
      from: [...Uint8Array.from([1, 2])], of: [...Int16Array.of(3)],
      made: [new Uint8Array(2).constructor === Uint8Array, new Uint8Array(2).buffer.constructor === ArrayBuffer],
      species: [new Mine(2).map((x) => x) instanceof Mine, new Uint8Array(4).slice(1) instanceof Uint8Array],
      views: [ArrayBuffer.isView(new DataView(new ArrayBuffer(4))), new Float32Array(new ArrayBuffer(8), 4).length],
      parent: Object.getPrototypeOf(Uint8Array) === Object.getPrototypeOf(Float64Array),
      lazy: new TextEncoder().encode('é').constructor === Uint8Array,
    }`
  expect(await codemode.executeAsync(code)).toEqual({
    refused: 'Resizable ArrayBuffers are not available in the sandbox',
    names: ['ArrayBuffer', 'Uint8Array', 3, 1],
    from: [1, 2],
    of: [3],
    made: [true, true],
    species: [true, true],
    views: [true, 1],
    parent: true,
    lazy: true,
  })
})
