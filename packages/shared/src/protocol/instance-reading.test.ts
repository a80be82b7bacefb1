import { expect, test } from 'vitest'

import { formatKnownReading, parseKnownReading, readingHeaders, readingOf } from './instance-reading.ts'

const reading = { instance: '0123456789abcdef'.repeat(2), clockMs: 86_400_123 }

test('a reading keeps its value in the headers of a request and of a response', { tags: ['RT-2'] }, () => {
  expect(parseKnownReading(formatKnownReading(reading))).toEqual(reading)
  expect(parseKnownReading(formatKnownReading('none'))).toBe('none')
  expect(readingOf({ ...readingHeaders(reading), 'content-type': 'text/html' })).toEqual(reading)
})

test.each([
  '',
  'nothing',
  '=1',
  reading.instance,
  `${reading.instance}=`,
  `${reading.instance}=-1`,
  `${reading.instance}=1.5`,
])('the header "%s" is not a reading', { tags: ['RT-2'] }, (text) => expect(parseKnownReading(text)).toBeUndefined())

test.each([
  {},
  { 'x-codemode-instance': reading.instance },
  { 'x-codemode-clock': '1' },
  { 'x-codemode-instance': 'x', 'x-codemode-clock': '1' },
  { 'x-codemode-instance': reading.instance, 'x-codemode-clock': '-1' },
  { 'x-codemode-instance': reading.instance, 'x-codemode-clock': ['1', '2'] },
])('response headers %j contain no reading', { tags: ['RT-2'] }, (given) => expect(readingOf(given)).toBeUndefined())
