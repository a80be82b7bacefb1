/** Programs whose results contain everything that could differ between two runs. */
export const entropyPrograms: readonly string[] = [
  // Every clock, before and after a turn.
  `const read = () => [Date.now(), new Date().toISOString(), Date(), performance.now(), performance.timeOrigin, String(Temporal.Now.instant()),
     String(Temporal.Now.zonedDateTimeISO('Europe/Oslo')), new Intl.DateTimeFormat('de', { dateStyle: 'full', timeStyle: 'full' }).format(), new Event('x').timeStamp]
   const all = [read()]
   await tools.echo(1); all.push(read()); await sleep(3); all.push(read())
   const controller = AbortSignal.timeout(2); await new Promise((done) => controller.addEventListener('abort', done)); all.push(read())
   return all`,
  // Every source of randomness, across turns and interleaved.
  `const draw = () => [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint32Array(5))], Math.random()]
   const all = [draw()]
   const answers = await Promise.all([1, 2, 3].map(async (n) => { await sleep(n * Math.random() * 5); return [n, draw(), await tools.echo(Math.random())] }))
   return [all, answers, [...Array(50).keys()].toSorted(() => Math.random() - 0.5)]`,
  // Races between tools, timers and microtasks.
  `const order = []
   const note = (name) => (value) => { order.push([name, value, Date.now(), Math.random()]) }
   const all = []
   for (let i = 0; i < 15; i++) { all.push(tools.echo(i).then(note('tool'))); all.push(sleep(i % 4).then(note('timer'))); all.push(tools.fails().catch(({ code }) => note('failure')(code))) }
   order.push(await Promise.race(all.map((each, i) => each.then(() => i))))
   await Promise.allSettled(all)
   return order`,
  // Stacks, with and without a formatter, sync, async and of failed tools.
  `const stacks = [], sites = []
   const deep = async (n) => { if (n > 0) { await null; return deep(n - 1) } stacks.push(new Error('deep').stack); throw new TypeError('bottom') }
   await deep(5).catch((error) => stacks.push(error.stack)); await tools.fails().catch((error) => stacks.push(error.stack, JSON.stringify(error)))
   Error.stackTraceLimit = 50
   Error.prepareStackTrace = (error, list) => { sites.push(list.map((site) => [String(site), site.getPosition?.(), site.getScriptHash?.(), site.getPromiseIndex?.(), site.getEnclosingLineNumber?.()])); return 'formatted' }
   await Promise.all([deep(3), tools.fails()].map((each) => each.catch((error) => error.stack)))
   return [stacks, sites]`,
  // The realm: names, keys, property flags and source texts of everything that is reachable.
  `const seen = new Map(), queue = [['', globalThis]], found = []
   while (queue.length > 0) {
     const [path, value] = queue.shift()
     if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
     seen.set(value, path)
     if (typeof value === 'function') found.push(value.name + value.length)
     for (const key of Reflect.ownKeys(value)) {
       const { value: item, get, set, ...flags } = Reflect.getOwnPropertyDescriptor(value, key)
       found.push(String(key) + JSON.stringify(flags) + (typeof item === 'object' || typeof item === 'function' ? '' : String(item)))
       for (const each of [item, get, set]) queue.push([path + '.' + String(key), each])
     }
     queue.push([path + '.__proto__', Object.getPrototypeOf(value)])
   }
   let hash = 0
   for (const text of found) for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
   return [found.length, hash]`,
  // Results of the engine's own algorithms: numbers, dates, sorting, text in many languages.
  `const numbers = [...Array(200).keys()].map((i) => [Math.sin(i), Math.exp(i / 7), Math.pow(i, 0.37), Math.log1p(i), Math.cbrt(i), Math.fround(i / 3), Math.f16round(i / 3), i.toString(36), (i / 7).toPrecision(20)])
   const words = ['ä', 'z', 'a', 'Å', 'ß', 'ss', 'é', 'I', 'ı', 'i', '😀', '\\ud800']
   const locales = ['en', 'de', 'sv', 'tr', 'ja', 'ar-EG', 'th', 'he']
   return [numbers, locales.map((locale) => [words.toSorted(new Intl.Collator(locale).compare), words.map((word) => word.toLocaleUpperCase(locale)),
     new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeZone: 'Asia/Kathmandu' }).format(0), new Intl.NumberFormat(locale, { style: 'currency', currency: 'JPY' }).format(1e6),
     new Intl.ListFormat(locale).format(['a', 'b', 'c']), new Intl.RelativeTimeFormat(locale).format(-3, 'day'), new Intl.DisplayNames(locale, { type: 'region' }).of('NP'),
     [...new Intl.Segmenter(locale, { granularity: 'word' }).segment('Hallo du da. 東京都')].length]), words.map((word) => [word.normalize('NFKD'), escape(word), word.isWellFormed()])]`,
]
