import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode({ client: { memoryLimitMb: 32 } })

test.each([
  'const kept = []; for (;;) kept.push(new Uint8Array(1_000_000))',
  'const kept = []; for (;;) { try { kept.push(new ArrayBuffer(1_000_000)) } catch { return kept.length } }',
  'let a = new Float64Array(1_000_000); try { for (;;) a = [a, a.slice()] && new Float64Array([...a, ...a]) } catch {} return 1',
  'class Mine extends Uint8Array {} const kept = []; for (;;) { try { kept.push(new Mine(1e6)) } catch { return 1 } }',
])(
  'exhausting the buffer memory ends the execution, whether the guest catches the error or not: %s',
  { tags: ['EX-8'] },
  async (code) => {
    expect(await suite.codemode.run(code, { cpuTimeoutMs: 30_000 })).toMatchObject({
      success: false,
      error: { code: 'MEMORY_LIMIT' },
    })
  },
)

/** Returns code that allocates 1 MB at a time and swallows every error. */
const hoard = (allocation: string): string => `
  const bytes = new Uint8Array(1e6), text = 'a'.repeat(1e6), encoder = new TextEncoder(), kept = []
  const orphan = Object.assign(new Float64Array(125_000), { constructor: undefined })
  const orphanBuffer = Object.assign(new ArrayBuffer(1e6), { constructor: undefined })
  for (;;) try { kept.push(${allocation}) } catch { return 'caught' }`

test.each([
  'new ArrayBuffer(1).transfer(1e6)',
  'new ArrayBuffer(1).transferToFixedLength(1e6)',
  'bytes.buffer.slice()',
  'orphanBuffer.slice()',
  'bytes.with(0, 1)',
  'bytes.toSorted()',
  'bytes.toReversed()',
  'bytes.slice()',
  'orphan.slice()',
  'orphan.map((byte) => byte)',
  'orphan.filter(() => true)',
  'Uint8Array.from(bytes)',
  'Uint8Array.fromBase64(text)',
  'Uint8Array.fromHex(text)',
  'encoder.encode(text)',
  'structuredClone(bytes)',
  'structuredClone(bytes.buffer)',
  'kept.length < 20 ? new Uint8Array(1e6) : atob("a".repeat(8e6))',
  'crypto.getRandomValues(new Uint8Array(65_536))',
  'new Uint8Array(8).buffer',
])('exhausting the buffer memory cannot be caught where %s allocates', { tags: ['EX-8'] }, async (allocation) => {
  expect(await suite.codemode.run(hoard(allocation), { cpuTimeoutMs: 30_000 })).toMatchObject({
    success: false,
    error: { code: 'MEMORY_LIMIT' },
  })
})

test('buffers behave as the language specifies, and cannot be resized', async () => {
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
      methods: [
        new Uint8Array([3, 1]).toSorted().with(1, 9).toReversed().slice(1).map((x) => x * 2).filter((x) => x > 1).join(),
        new ArrayBuffer(8).slice(2).transfer().byteLength, Uint8Array.fromHex('ff')[0],
        Uint8Array.prototype.slice.name, Array.isArray(Uint8Array.prototype.map.call(new Uint8Array(1), (x) => x)),
      ],
      thrown: [() => Uint8Array(1), () => new Uint8Array(1).map(1), () => new Uint8Array.prototype.slice()].map((run) => {
        try { run() } catch (error) { return error.name + ': ' + error.message }
      }),
      lazy: new TextEncoder().encode('é').constructor === Uint8Array,
    }`
  expect(await suite.codemode.executeAsync(code)).toEqual({
    refused: 'Resizable ArrayBuffers are not available in the sandbox',
    names: ['ArrayBuffer', 'Uint8Array', 3, 1],
    from: [1, 2],
    of: [3],
    made: [true, true],
    species: [true, true],
    views: [true, 1],
    parent: true,
    methods: ['2', 6, 255, 'slice', false],
    thrown: [
      "TypeError: Constructor Uint8Array requires 'new'",
      'TypeError: 1 is not a function',
      'TypeError: Uint8Array.prototype.slice is not a constructor',
    ],
    lazy: true,
  })
})
