import { expect, test } from 'vitest'

import { maxReaders } from '../attached/reader-watchdog.ts'
import { ReaderLimit } from './reader-limit.ts'

test('an execution has a limited number of readers at a time, each counted once', () => {
  const readers = new ReaderLimit()
  const detaches = Array.from({ length: maxReaders }, () => readers.attach('one'))
  expect(() => readers.attach('one')).toThrow('readers, which is the limit')
  readers.attach('two')()
  detaches[0]!()
  detaches[0]!()
  readers.attach('one')
  expect(() => readers.attach('one')).toThrow('readers, which is the limit')
})
