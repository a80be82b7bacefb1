import { defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'

/** Randomness of a guest. */
export interface Randomness {
  /** Returns bytes for `crypto`. */
  bytes(count: number): Uint8Array
  /** Begins both streams anew with another seed. */
  reseed(seedHex: string): void
}

/**
 * Seeds the guest's randomness with the execution's 256-bit seed. ChaCha20 (RFC 8439) expands it into two independent
 * streams: one seeds `Math.random`, the other is the source of `crypto`.
 */
export function seedRandomness(p: Primordials, seedHex: string): Randomness {
  let key = keyOf(p, seedHex)
  const forMath = createMathRandom(() => chachaBlock(p, key, 0, 0))
  let bytes = createByteStream(p, key)
  defineHidden(p, Math, 'random', forMath.random)
  return {
    bytes: (count) => bytes(count),
    reseed(seed) {
      key = keyOf(p, seed)
      forMath.restart()
      bytes = createByteStream(p, key)
    },
  }
}

function keyOf(p: Primordials, seedHex: string): Uint32Array {
  const key = new p.Uint32Array(8)
  for (let i = 0; i < 8; i++) key[i] = p.parseInt(p.stringSlice(seedHex, i * 8, i * 8 + 8), 16)
  return key
}

/**
 * Creates a `Math.random` that uses sfc32 by Chris Doty-Humphrey, with two outputs for the 53 bits of a double. The
 * seed is computed at the first use: for most programs, which use no randomness, it would be a quarter of their time.
 */
function createMathRandom(seedOf: () => Uint32Array): { random(): number; restart(): void } {
  let isSeeded = false
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  function seed(): void {
    const words = seedOf()
    a = words[0]! | 0
    b = words[1]! | 0
    c = words[2]! | 0
    d = words[3]! | 0
    isSeeded = true
  }
  function next(): number {
    if (!isSeeded) seed()
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  // A method can't be constructed, as the original can't.
  return {
    random() {
      return (next() * 0x200000 + (next() >>> 11)) / 0x20000000000000
    },
    restart() {
      isSeeded = false
    },
  }
}

function createByteStream(p: Primordials, key: Uint32Array): (count: number) => Uint8Array {
  let block = new p.Uint32Array(0)
  let used = 0
  let counter = 0
  return (count) => {
    const bytes = new p.Uint8Array(count)
    for (let i = 0; i < count; i++) {
      if (used === p.typedArrayLength(block) * 4) {
        block = chachaBlock(p, key, 1, counter++)
        used = 0
      }
      bytes[i] = block[used >> 2]! >>> ((used & 3) * 8)
      used++
    }
    return bytes
  }
}

function chachaBlock(p: Primordials, key: Uint32Array, nonce: number, counter: number): Uint32Array<ArrayBuffer> {
  const initial = new p.Uint32Array(16)
  initial[0] = 0x61707865
  initial[1] = 0x3320646e
  initial[2] = 0x79622d32
  initial[3] = 0x6b206574
  for (let i = 0; i < 8; i++) initial[4 + i] = key[i]!
  initial[12] = counter
  initial[13] = nonce
  const x = new p.Uint32Array(16)
  for (let i = 0; i < 16; i++) x[i] = initial[i]!
  for (let round = 0; round < 10; round++) {
    quarterRound(x, 0, 4, 8, 12)
    quarterRound(x, 1, 5, 9, 13)
    quarterRound(x, 2, 6, 10, 14)
    quarterRound(x, 3, 7, 11, 15)
    quarterRound(x, 0, 5, 10, 15)
    quarterRound(x, 1, 6, 11, 12)
    quarterRound(x, 2, 7, 8, 13)
    quarterRound(x, 3, 4, 9, 14)
  }
  for (let i = 0; i < 16; i++) x[i] = x[i]! + initial[i]!
  return x
}

/** Applies the quarter round of ChaCha20. All operands are 32-bit words; the array truncates the sums to that. */
function quarterRound(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  addAndRotate(x, a, b, d, 16)
  addAndRotate(x, c, d, b, 12)
  addAndRotate(x, a, b, d, 8)
  addAndRotate(x, c, d, b, 7)
}

function addAndRotate(x: Uint32Array, sum: number, term: number, mixed: number, bits: number): void {
  x[sum] = x[sum]! + x[term]!
  x[mixed] = rotateLeft(x[mixed]! ^ x[sum], bits)
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
