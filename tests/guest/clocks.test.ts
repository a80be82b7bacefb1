import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const value = <T>(code: string) => suite.codemode.executeAsync<T>(code)

/** Code that keeps the CPU busy for much longer than the resolution of any clock. */
const busy = 'for (let i = 0; i < 3e7; i++);'

test.each([
  ['Date.now', 'Date.now()'],
  ['new Date', 'new Date().toISOString()'],
  ['Reflect.construct of Date', 'Reflect.construct(Date, []).getTime()'],
  ['a subclass of Date', 'new (class extends Date {})().getTime()'],
  ['Date called as a function', 'Date()'],
  ['performance.now', 'performance.now()'],
  ['Intl.DateTimeFormat', `new Intl.DateTimeFormat('en', { fractionalSecondDigits: 3 }).format()`],
  ['formatToParts', `JSON.stringify(new Intl.DateTimeFormat('en', { fractionalSecondDigits: 3 }).formatToParts())`],
  ['Temporal.Now.instant', 'Temporal.Now.instant().toString()'],
  ['Temporal.Now.zonedDateTimeISO', 'Temporal.Now.zonedDateTimeISO().toString()'],
  ['Temporal.Now.plainDateTimeISO', 'Temporal.Now.plainDateTimeISO().toString()'],
  ['Temporal.Now.plainTimeISO', 'Temporal.Now.plainTimeISO().toString()'],
  ['the timestamp of an event', `new Event('x').timeStamp`],
])('%s returns the same value throughout a turn', { tags: ['EX-1'] }, async (_name, read) => {
  expect(await value(`const before = ${read}; ${busy} return before === ${read}`)).toBe(true)
})

test('all clocks agree with the wall clock and use UTC', { tags: ['EX-1'] }, async () => {
  const startedAt = Date.now()
  const code = `
    const now = Date.now()
    return {
      now,
      all: [
        new Date().getTime(), Date.parse(new Date().toISOString()), Temporal.Now.instant().epochMilliseconds,
        performance.timeOrigin + performance.now(), Temporal.Now.zonedDateTimeISO('UTC').epochMilliseconds,
      ].every((clock) => clock === now),
      zone: [Temporal.Now.timeZoneId(), new Date().getTimezoneOffset(), Intl.DateTimeFormat().resolvedOptions().timeZone],
      text: Date() === new Date(now).toString(),
      shown: new Intl.DateTimeFormat('en').format() === new Intl.DateTimeFormat('en').format(now),
    }`
  const clocks = await value<{ now: number }>(code)
  expect(clocks).toMatchObject({ all: true, zone: ['UTC', 0, 'UTC'], text: true, shown: true })
  expect(clocks.now).toBeGreaterThanOrEqual(startedAt - 1)
  expect(clocks.now).toBeLessThanOrEqual(Date.now() + 1)
})

test('time advances from turn to turn and never goes backwards', { tags: ['EX-1'] }, async () => {
  const code = `
    const times = []
    for (let i = 0; i < 20; i++) { times.push(Date.now()); await sleep(1) }
    return [times.every((time, i) => i === 0 || time >= times[i - 1] + 1), performance.now() >= 20]`
  expect(await value(code)).toEqual([true, true])
})

test('Temporal is the object of V8, whichever way the code first reads it', { tags: ['EX-1'] }, async () => {
  const describe = `
    const describe = (object) => Reflect.ownKeys(object).map((key) => {
      const { value, ...attributes } = Object.getOwnPropertyDescriptor(object, key)
      return [String(key), typeof value, value?.name ?? String(value), JSON.stringify(attributes)].join()
    }).toSorted()`
  const all = `[describe(Temporal), describe(Temporal.Now), describe(Temporal.Duration.prototype).length]`
  // oxlint-disable-next-line typescript/no-implied-eval -- the same code, in this process
  const here = new Function(`${describe}; return ${all}`)() as unknown
  expect(await value(`${describe}; return ${all}`)).toEqual(here)
  const reached = 'new Date(5).toTemporalInstant()'
  expect(
    await value(`return ${reached} instanceof Temporal.Instant && Temporal.Instant === ${reached}.constructor`),
  ).toBe(true)
})

test(
  'code that intercepts the creation of Temporal gets no clock and no object of the runtime',
  { tags: ['EX-1'] },
  async () => {
    const code = `
    const seen = []
    const stranger = new Proxy(function () {}, {
      get: (_, key) => (key === 'constructor' ? Object : stranger),
      apply: (_, self, args) => (seen.push(self, ...args), stranger),
    })
    Date.prototype.toTemporalInstant = stranger
    Temporal.Now.plainDateTimeISO()
    const dates = seen.filter((each) => each instanceof Date)
    return {
      times: [...new Set(dates.map(Number))].map((time) => time === 0 || time === Date.now()),
      makers: dates.every((date) => date.constructor === Date && Object.getPrototypeOf(date) === Date.prototype),
      strangers: seen.filter((each) => each !== stranger && !(each instanceof Date)),
    }`
    expect(await value(code)).toEqual({ times: [true, true], makers: true, strangers: ['UTC', 'UTC'] })
  },
)

test('code that deletes a source of Temporal gets an error that names it', { tags: ['EX-8'] }, async () => {
  const code = 'delete Date.prototype.toTemporalInstant; try { Temporal.Now } catch ({ message }) { return message }'
  expect(await value(code)).toContain('Date.prototype.toTemporalInstant')
})

test('dates work as usual otherwise', { tags: ['EX-1'] }, async () => {
  const code = `
    return [
      new Date(2024, 0, 31).getMonth(), new Date('2024-01-01T00:00:00Z').getTime(), Date.UTC(2024, 0), Date.length,
      Date.name, new Date() instanceof Date, new Date().constructor === Date, typeof Date(0),
    ]`
  expect(await value(code)).toEqual([0, 1_704_067_200_000, 1_704_067_200_000, 7, 'Date', true, true, 'string'])
})

test('each execution has other random numbers', { tags: ['EX-1'] }, async () => {
  const code =
    'return [Math.random(), Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(16))].join()]'
  const drawn = await Promise.all(Array.from({ length: 10 }, () => value<unknown[]>(code)))
  expect(new Set(drawn.flat()).size).toBe(40)
  for (const [number] of drawn) {
    expect(number).toBeGreaterThanOrEqual(0)
    expect(number).toBeLessThan(1)
  }
})

test('Math.random is evenly distributed', { tags: ['EX-1'] }, async () => {
  const code =
    'const bins = Array(10).fill(0); for (let i = 0; i < 1e5; i++) bins[Math.floor(Math.random() * 10)]++; return bins'
  for (const bin of await value<number[]>(code)) {
    expect(bin).toBeGreaterThan(9_300)
    expect(bin).toBeLessThan(10_700)
  }
})
