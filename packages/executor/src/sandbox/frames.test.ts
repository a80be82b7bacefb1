import { memoryUsage } from 'node:process'

import { array, assert, constant, integer, jsonValue, oneof, property } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { anyCharacter } from '../../../../tests/support/any-character.ts'
import { encodeFrame, FrameError, FrameReader, maxFrameBytes } from './frames.ts'

const messages = array(jsonValue({ stringUnit: anyCharacter }), { maxLength: 8 })
/** Arbitrary sizes of the chunks of a stream; the last one is repeated. */
const chunkSizes = array(oneof(constant(1), integer({ min: 1, max: 9 }), integer({ min: 1, max: 500 })), {
  minLength: 1,
})

function readInChunks(reader: FrameReader, stream: Buffer, sizes: readonly number[]): unknown[] {
  const read: unknown[] = []
  for (let start = 0, n = 0; start < stream.length; n++) {
    const end = start + sizes[Math.min(n, sizes.length - 1)]!
    read.push(...reader.push(stream.subarray(start, end)))
    start = end
  }
  return read
}

/** Returns the messages that pushing completes, or the error that it throws. */
function pushed(reader: FrameReader, bytes: Buffer): unknown {
  try {
    return reader.push(bytes)
  } catch (error) {
    return error
  }
}

function headerOf(length: number): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(length)
  return header
}

function frameOf(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([headerOf(bytes.length), bytes])
}

describe('a stream of frames', () => {
  test('is decoded to the sent messages, however it is cut', () => {
    assert(
      property(messages, chunkSizes, (sent, sizes) => {
        const read = readInChunks(new FrameReader(), Buffer.concat(sent.map(encodeFrame)), sizes)
        expect(read.map((message) => JSON.stringify(message))).toEqual(sent.map((message) => JSON.stringify(message)))
      }),
    )
  })

  test('is decoded frame by frame, each with its last byte', () => {
    const reader = new FrameReader()
    const frame = encodeFrame({ text: 'naïve 🙂' })
    for (let i = 0; i < frame.length - 1; i++) expect(reader.push(frame.subarray(i, i + 1))).toEqual([])
    expect(reader.push(frame.subarray(-1))).toEqual([{ text: 'naïve 🙂' }])
    expect(reader.push(Buffer.alloc(0))).toEqual([])
  })

  test('keeps the beginning of the next frame', () => {
    const reader = new FrameReader()
    const [first, second] = [encodeFrame('first'), encodeFrame('second')]
    expect(reader.push(Buffer.concat([first, second.subarray(0, 6)]))).toEqual(['first'])
    expect(reader.push(second.subarray(6))).toEqual(['second'])
  })

  test('keeps text that is not well-formed as JSON writes it', () => {
    expect(new FrameReader().push(encodeFrame('\ud800'))).toEqual(['\ud800'])
  })
})

describe('an invalid frame ends the conversation', () => {
  test.each([
    ['a length of zero', headerOf(0), 'a frame of 0 bytes is outside the limits of 1 to 100 bytes'],
    ['one byte more than the limit', headerOf(101), 'a frame of 101 bytes is outside the limits of 1 to 100 bytes'],
    [
      'the largest length',
      headerOf(0xffff_ffff),
      'a frame of 4294967295 bytes is outside the limits of 1 to 100 bytes',
    ],
    ['invalid JSON', frameOf('{"a":'), 'a frame cannot be decoded'],
    ['two values', frameOf('1 2'), 'a frame cannot be decoded'],
    ['only white space', frameOf('  '), 'a frame cannot be decoded'],
    ['bytes that are not text', frameOf(Buffer.from([0xff, 0xfe, 0x00])), 'a frame cannot be decoded'],
    ['a good frame before a bad one', Buffer.concat([frameOf('1'), headerOf(0)]), 'a frame of 0 bytes'],
  ])('%s', (_title, bytes, message) => {
    expect(() => new FrameReader(100).push(bytes)).toThrow(FrameError)
    expect(() => new FrameReader(100).push(bytes)).toThrow(message)
  })

  test('any bytes give messages or a FrameError, never another error', () => {
    const bytes = array(oneof(constant(0), integer({ min: 0, max: 255 })), { maxLength: 40 })
    assert(
      property(bytes, (each) => {
        const outcome = pushed(new FrameReader(20), Buffer.from(each))
        expect(outcome instanceof FrameError || Array.isArray(outcome)).toBe(true)
      }),
    )
  })

  test('a frame of exactly the limit is decoded', () => {
    const text = JSON.stringify('x'.repeat(98))
    expect(new FrameReader(100).push(frameOf(text))).toEqual(['x'.repeat(98)])
  })
})

describe('a length in a header', () => {
  const mib = 1024 * 1024

  test('is refused with the last byte of the header', () => {
    const reader = new FrameReader()
    const header = headerOf(maxFrameBytes + 1)
    expect(reader.push(header.subarray(0, 3))).toEqual([])
    expect(() => reader.push(header.subarray(3))).toThrow(
      `a frame of ${maxFrameBytes + 1} bytes is outside the limits of 1 to ${maxFrameBytes} bytes`,
    )
  })

  test.each([
    ['too large', 0xffff_ffff, expect.any(FrameError)],
    ['allowed', maxFrameBytes, []],
  ])('allocates no memory when it is %s', (_title, length, expected) => {
    const reader = new FrameReader()
    const header = headerOf(length)
    const before = memoryUsage().arrayBuffers
    expect(pushed(reader, header)).toEqual(expected)
    expect(memoryUsage().arrayBuffers - before).toBeLessThan(mib)
  })
})

test('the encoder refuses a message that is too large', () => {
  /** Size in bytes of a zero byte, two lengths, and the JSON that stands for the text. */
  const aroundText = 1 + 4 + JSON.stringify('\0').length + 4
  expect(encodeFrame('x'.repeat(maxFrameBytes - aroundText))).toHaveLength(4 + maxFrameBytes)
  expect(() => encodeFrame('x'.repeat(maxFrameBytes - aroundText + 1))).toThrow(
    `a frame of ${maxFrameBytes + 1} bytes exceeds the limit of ${maxFrameBytes} bytes`,
  )
})
