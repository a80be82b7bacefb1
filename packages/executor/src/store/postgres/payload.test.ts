import { randomBytes } from 'node:crypto'

import { RequestError } from '@codemode/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseEncryptionKeys } from '../../encryption-keys.ts'
import type { PayloadPlace, UnreadablePayload } from './payload-cipher.ts'
import { isUnreadable, Payloads } from './payload.ts'

const newKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`

function payloadsOf(...keys: string[]) {
  const reported: UnreadablePayload[] = []
  const payloads = new Payloads({
    keys: parseEncryptionKeys(keys),
    onUnreadable: (error) => void reported.push(error),
  })
  return { payloads, reported }
}

const place: PayloadPlace = { tenant: 'acme', id: 'exe_1', kind: 'entry', position: 3 }
const { payloads } = payloadsOf(newKey('k1'))

/** Returns the error with which a payload is refused. */
function refusal(run: () => unknown): RequestError {
  try {
    run()
  } catch (error) {
    if (error instanceof RequestError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const texts = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) })
const places: fc.Arbitrary<PayloadPlace> = fc.record({
  tenant: fc.constantFrom('a', 'b', 'a","b'),
  id: fc.constantFrom('1', '2', 'b","1'),
  kind: fc.constantFrom('header', 'callback', 'error', 'entry', 'message'),
  position: fc.nat({ max: 2 }),
})

test('any value is returned as it was stored, encrypted or not', () => {
  fc.assert(
    fc.property(fc.dictionary(texts, texts), places, fc.boolean(), (value, at, isEncrypted) => {
      const used = isEncrypted ? payloads : payloadsOf().payloads
      const stored = used.encode(value, at)
      expect(used.decode(stored, at)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(stored).toMatch(isEncrypted ? /^aes:k1:[\w+/]+=*$/ : /^\{/)
    }),
  )
})

test('a payload is refused at every other place', () => {
  fc.assert(
    fc.property(places, places, (at, other) => {
      fc.pre(JSON.stringify(at) !== JSON.stringify(other))
      const stored = payloads.encode({ code: 'return 1' }, at)
      expect(isUnreadable(refusal(() => payloads.decode(stored, other)))).toBe(true)
    }),
  )
})

test('a payload that was changed in any letter is refused', () => {
  const stored = payloads.encode({ a: 1 }, place)
  for (let index = 'aes:k1:'.length; index < stored.length; index++) {
    const letter = stored[index] === 'A' ? 'B' : 'A'
    const changed = stored.slice(0, index) + letter + stored.slice(index + 1)
    // The last letter of base64 has bits that belong to no byte.
    if (Buffer.from(changed.slice(7), 'base64').equals(Buffer.from(stored.slice(7), 'base64'))) continue
    expect(isUnreadable(refusal(() => payloads.decode(changed, place)))).toBe(true)
  }
  for (const cut of ['aes:k1:', 'aes:k1:AAAA', stored.slice(0, -8)]) {
    expect(isUnreadable(refusal(() => payloads.decode(cut, place)))).toBe(true)
  }
})

test('the first key encrypts, all keys decrypt, and what was stored in clear text stays readable', () => {
  const [old, next] = [newKey('2026'), newKey('2027')]
  const before = payloadsOf(old).payloads.encode({ a: 1 }, place)
  const rotated = payloadsOf(next, old).payloads
  expect(rotated.decode(before, place)).toEqual({ a: 1 })
  expect(rotated.encode({ a: 1 }, place)).toMatch(/^aes:2027:/)
  expect(rotated.decode(payloadsOf().payloads.encode({ a: 2 }, place), place)).toEqual({ a: 2 })
})

test('a payload of an unknown key is refused as unavailable, and the report names the key once a minute', () => {
  const stored = payloadsOf(newKey('2026')).payloads.encode({ code: 'secret' }, place)
  const { payloads: others, reported } = payloadsOf(newKey('2027'))
  for (let n = 0; n < 3; n++) {
    const error = refusal(() => others.decode(stored, place))
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false })
    expect(error.message).not.toContain('2026')
  }
  expect(reported.map(({ message }) => message)).toEqual([
    expect.stringContaining('"2026", with which stored executions are encrypted, is not configured'),
  ])
})

test('a key whose value was changed is reported as another one than before', () => {
  const stored = payloadsOf(newKey('k1')).payloads.encode({ code: 'secret' }, place)
  const { payloads: others, reported } = payloadsOf(newKey('k1'))
  refusal(() => others.decode(stored, place))
  expect(reported[0]!.message).toContain('The entry of the execution exe_1 cannot be decrypted with the key "k1"')
})
