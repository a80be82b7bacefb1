import fc from 'fast-check'

/**
 * Random guest programs that mix all features that could make a run irreproducible: parallel tools, races, timers,
 * randomness, dates, caught errors, stacks and logs. The tools are `a` and `b`, which answer after a random time, and
 * `fail`, which mostly fails. A call with two arguments is refused in the guest.
 */
const expressions = fc.letrec<{ leaf: string; any: string }>((tie) => ({
  leaf: fc.constantFrom(
    'tools.a({ x: Math.random() })',
    'tools.b([1, -0, NaN, undefined, new Date()])',
    'tools.fail({ at: Date.now() })',
    'sleep(1 + Math.random() * 8)',
    'Promise.resolve(crypto.randomUUID())',
    'tools.a({}, { second: 1 })',
    'new Promise((resolve) => setTimeout(resolve, 3, performance.now()))',
  ),
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('leaf'),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `Promise.all([${a}, ${b}, ${c}])`),
    fc.tuple(tie('any'), fc.nat(6), tie('any')).map(([a, ms, b]) => `Promise.race([${a}, sleep(${ms}), ${b}])`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `Promise.allSettled([${a}, ${b}])`),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `Promise.any([${a}, ${b}])`),
    tie('any').map(
      (a) =>
        `(async () => { try { return await ${a} } catch (e) { console.log('caught', e.name, e.message, e.stack); return null } ` +
        `finally { console.warn('finally', new Date()) } })()`,
    ),
    fc
      .tuple(tie('any'), tie('any'))
      .map(([a, b]) => `(async () => { const p = ${a}; const q = await ${b}; return [q, await p] })()`),
    tie('any').map(
      (a) =>
        `(async () => { let n = 0; for (let i = 0; i < 3; i++) { n += JSON.stringify(await ${a})?.length ?? 0; ` +
        `console.log('loop', i, n, new Intl.DateTimeFormat('en', { timeStyle: 'long' }).format()) } return n })()`,
    ),
    tie('leaf').map(
      (a) =>
        `new Promise((resolve, reject) => { let k = 0; const h = setInterval(() => { console.log('tick', k, Date()); ` +
        `if (++k > 2) { clearInterval(h); ${a}.then(resolve, reject) } }, 2) })`,
    ),
  ),
}))

/** Returns programs that depend on the seed only. */
export function randomPrograms(seed: number, count: number): string[] {
  return fc.sample(
    fc
      .array(expressions.any, { minLength: 1, maxLength: 3 })
      .map((parts) =>
        [
          "console.log('start', Date.now(), Math.random(), Temporal.Now.instant())",
          'const out = []',
          ...parts.map(
            (part) => `try { out.push(await ${part}) } catch (e) { console.log('failed', e); out.push(String(e)) }`,
          ),
          'return [out, Math.random(), new Date(), [...crypto.getRandomValues(new Uint8Array(4))]]',
        ].join('\n'),
      ),
    { seed, numRuns: count },
  )
}
