import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const value = (code: string) => suite.codemode.executeAsync(code)

test(
  'timers fire by their due time, then in the order in which they were set, after all microtasks',
  { tags: ['EX-1'] },
  async () => {
    const code = `
    const order = []
    const note = (name) => () => void order.push(name)
    setTimeout(note('20'), 20)
    setTimeout(note('10a'), 10)
    setTimeout((a, b) => order.push(a + b), 10, '10', 'b')
    setTimeout(note('1'), 0)
    clearTimeout(setTimeout(note('cleared'), 5))
    queueMicrotask(note('microtask'))
    Promise.resolve().then(note('promise'))
    order.push('now')
    await sleep(30)
    return order`
    expect(await value(code)).toEqual(['now', 'microtask', 'promise', '1', '10a', '10b', '20'])
  },
)

test('an interval repeats until it is cleared, and can clear itself', { tags: ['EX-1'] }, async () => {
  const code = `
    let ticks = 0
    await new Promise((done) => {
      const id = setInterval(() => { if (++ticks === 3) { clearInterval(id); done() } }, 2)
    })
    await sleep(10)
    return ticks`
  expect(await value(code)).toBe(3)
})

test('sleep takes its time by the clock of the guest', { tags: ['EX-1'] }, async () => {
  const code = 'const start = Date.now(); await sleep(25); return [Date.now() - start >= 25, await sleep(0)]'
  expect(await value(code)).toEqual([true, null])
})

test('an error in a timer or a microtask ends the execution', { tags: ['EX-8'] }, async () => {
  for (const set of ['setTimeout', 'queueMicrotask']) {
    const result = await suite.codemode.run(`${set}(() => { throw new TypeError('late') }); await sleep(1000)`)
    expect(result).toMatchObject({ success: false, error: { name: 'TypeError', message: 'late' } })
  }
  expect(await value(`try { setTimeout('1', 1) } catch (error) { return error.name }`)).toBe('TypeError')
})

test('code that awaits a promise that cannot settle fails at once', { tags: ['EX-8'] }, async () => {
  const result = await suite.codemode.run('await new Promise(() => {})', { executionTimeoutMs: 280_000 })
  expect(result).toMatchObject({ success: false, error: { code: 'NEVER_SETTLES' } })
})

test('too many concurrent timers end the execution', { tags: ['EX-8'] }, async () => {
  expect(await suite.codemode.run('for (let i = 0; i <= 1e4; i++) setTimeout(() => {}, 1e6)')).toMatchObject({
    success: false,
    error: { code: 'TOO_MANY_TIMERS' },
  })
})

test('a timer that is still set does not delay the end of the execution', { tags: ['EX-1'] }, async () => {
  const result = await suite.codemode.run(
    'setInterval(() => console.log(1), 1); setTimeout(() => {}, 60_000); return 1',
  )
  expect(result).toMatchObject({ success: true, result: 1, logs: [] })
})

test('AbortSignal.timeout fires', { tags: ['EX-1'] }, async () => {
  const code = `
    const signal = AbortSignal.timeout(5)
    await new Promise((done) => signal.addEventListener('abort', done))
    return signal.reason.name`
  expect(await value(code)).toBe('TimeoutError')
})

test('a timer can be cleared by its id as a string, and by either function', { tags: ['EX-1'] }, async () => {
  const code = `
    const fired = [], set = (ms) => setTimeout(() => fired.push(ms), ms)
    clearTimeout(String(set(1))); clearInterval(set(2)); clearTimeout({}); clearTimeout(); clearTimeout('x'); clearTimeout(null)
    set(3); await sleep(10); return fired`
  expect(await value(code)).toEqual([3])
})

test.each(['2 ** 32', '2 ** 31', 'Infinity', 'NaN', '-5', "'abc'", 'null', 'undefined', '0', "'1'", '1.9', '{}'])(
  'a delay of %s is one millisecond',
  { tags: ['EX-1'] },
  async (delay) => {
    const code = `
      const order = []
      await new Promise((done) => {
        setTimeout(() => order.push('two') && done(), 2)
        setTimeout((...args) => order.push(...args), ${delay}, 'a', 'b')
      })
      return order`
    expect(await value(code)).toEqual(['a', 'b', 'two'])
  },
)

test('the timer functions have their names and lengths', { tags: ['EX-1'] }, async () => {
  const code = `return [setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, sleep].map((f) => f.name + f.length)`
  expect(await value(code)).toEqual([
    'setTimeout2',
    'setInterval2',
    'clearTimeout1',
    'clearInterval1',
    'queueMicrotask1',
    'sleep1',
  ])
})
