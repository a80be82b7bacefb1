// oxlint-disable-next-line no-restricted-imports -- the model
import { createCipheriv } from 'node:crypto'

import { array, assert, nat, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { capturePrimordials } from './primordials.ts'
import { seedRandomness } from './random.ts'

const p = capturePrimordials()
const zeros = '00'.repeat(32)
const seeds = uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))

/** Returns the `Math.random` and the source of `crypto` that a seed makes. This process keeps its own `Math.random`. */
function seeded(seedHex: string): { random: () => number; bytes: (count: number) => Uint8Array } {
  const original = Object.getOwnPropertyDescriptor(Math, 'random')!
  try {
    const { bytes } = seedRandomness(p, seedHex)
    return { bytes, random: Math.random }
  } finally {
    Object.defineProperty(Math, 'random', original)
  }
}

/** Returns bytes of OpenSSL's ChaCha20. Its key is of little-endian words; the seed is eight words in hexadecimal. */
function chacha20(seedHex: string, stream: number, length: number): Buffer {
  const key = Buffer.from(seedHex, 'hex').swap32()
  const counterAndNonce = Buffer.alloc(16)
  counterAndNonce.writeUInt32LE(stream, 4)
  return createCipheriv('chacha20', key, counterAndNonce).update(Buffer.alloc(length))
}

/** Generates sfc32 in the arithmetic of its definition: 32-bit words without a sign. */
function* sfc32(...seed: [number, number, number, number]): Generator<number, never> {
  const words = Uint32Array.from(seed)
  for (;;) {
    const [a, b, c, d] = words as unknown as [number, number, number, number]
    const sum = (a + b + d) % 2 ** 32
    words.set([b ^ (b >>> 9), c * 9, ((c << 21) | (c >>> 11)) + sum, d + 1])
    yield sum
  }
}

const doublesOf = (words: Generator<number, never>, count: number) =>
  Array.from({ length: count }, () => words.next().value * 2 ** -32 + (words.next().value >>> 11) * 2 ** -53)

describe('the bytes for crypto', () => {
  test('are ChaCha20 of the seed', () => {
    assert(
      property(seeds, nat(300), (seed, count) => {
        expect(Buffer.from(seeded(seed).bytes(count)).equals(chacha20(seed, 1, count))).toBe(true)
      }),
    )
  })

  test('are one stream, however it is divided', () => {
    assert(
      property(seeds, array(nat(100), { maxLength: 10 }), (seed, counts) => {
        const { bytes } = seeded(seed)
        const whole = chacha20(seed, 1, 1_000)
        let start = 0
        for (const count of counts) {
          expect(Buffer.from(bytes(count)).equals(whole.subarray(start, start + count))).toBe(true)
          start += count
        }
      }),
    )
  })
})

describe('Math.random', () => {
  test('is sfc32 of the first block of RFC 8439, appendix A.1, test vector 1', () => {
    const block = '76b8e0ada0f13d90405d6ae55386bd28'
    expect(chacha20(zeros, 0, 16).toString('hex')).toBe(block)
    const { random } = seeded(zeros)
    const expected = doublesOf(sfc32(0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653), 100)
    expect(Array.from({ length: 100 }, random)).toEqual(expected)
  })

  test('is evenly distributed from 0 up to but not including 1', () => {
    const { random } = seeded('0123456789abcdef'.repeat(4))
    const buckets = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 100_000; i++) {
      const value = random()
      if (!(value >= 0 && value < 1)) throw new Error(`${value} is out of range`)
      buckets[Math.floor(value * 10)]! += 1
    }
    // The bound is five standard deviations. The seed is fixed, so the result is always the same.
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  test('stays a hidden, replaceable property of Math', () => {
    const original = Object.getOwnPropertyDescriptor(Math, 'random')!
    try {
      seedRandomness(p, zeros)
      const { value, ...flags } = Object.getOwnPropertyDescriptor(Math, 'random')!
      expect(flags).toEqual({ writable: true, enumerable: false, configurable: true })
      expect([value.name, value.length]).toEqual(['random', 0])
    } finally {
      Object.defineProperty(Math, 'random', original)
    }
  })
})

const outputOf = (seed: string) => {
  const { random, bytes } = seeded(seed)
  return { numbers: Array.from({ length: 4 }, random), bytes: Buffer.from(bytes(32)).toString('hex') }
}

describe('the seed', () => {
  test('gives the same numbers and bytes, whichever of the two streams is read first', () => {
    assert(
      property(seeds, (seed) => {
        const { random, bytes } = seeded(seed)
        const later = { bytes: Buffer.from(bytes(32)).toString('hex'), numbers: Array.from({ length: 4 }, random) }
        expect(outputOf(seed)).toEqual(later)
      }),
    )
  })

  test('gives other numbers and other bytes when any bit differs', () => {
    const seen = new Set<unknown>()
    for (let bit = 0; bit < 256; bit++) {
      const seed = Buffer.alloc(32)
      seed[bit >> 3] = 1 << (bit & 7)
      const { numbers, bytes } = outputOf(seed.toString('hex'))
      seen.add(numbers[0]).add(bytes)
    }
    expect(seen.size).toBe(2 * 256)
  })
})
