import { expect, test } from 'vitest'

import type { PreparedSource } from '../../guest-boundary.ts'
import { RecentSources } from './recent-sources.ts'

/** Returns a memo, and the codes that it has prepared. */
function startMemo() {
  const prepared: string[] = []
  const memo = new RecentSources((code): PreparedSource => {
    prepared.push(code)
    return { ok: false, message: code, line: 1, column: 1 }
  })
  return { memo, prepared }
}

test('the same code is prepared once, also if it cannot be parsed', () => {
  const { memo, prepared } = startMemo()
  const first = memo.prepare('a')
  expect(memo.prepare('b')).toMatchObject({ message: 'b' })
  expect(memo.prepare('a')).toBe(first)
  expect(prepared).toEqual(['a', 'b'])
})

test('the code that was used longest ago is forgotten after sixteen others', () => {
  const { memo, prepared } = startMemo()
  memo.prepare('old')
  memo.prepare('used')
  for (let n = 0; n < 15; n++) {
    memo.prepare(`code ${n}`)
    memo.prepare('used')
  }
  prepared.length = 0
  memo.prepare('used')
  expect(prepared).toEqual([])
  memo.prepare('old')
  expect(prepared).toEqual(['old'])
})

test('long code is not kept', () => {
  const { memo, prepared } = startMemo()
  const long = 'x'.repeat(16 * 1024 + 1)
  memo.prepare(long)
  memo.prepare(long)
  expect(prepared).toHaveLength(2)
})

test('a preparation that throws is tried again', () => {
  let attempts = 0
  const memo = new RecentSources(() => {
    attempts += 1
    throw new Error('the parser is broken')
  })
  expect(() => memo.prepare('a')).toThrow('the parser is broken')
  expect(() => memo.prepare('a')).toThrow('the parser is broken')
  expect(attempts).toBe(2)
})
