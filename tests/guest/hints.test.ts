import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const tools = {
  get_user: (input: unknown) => input,
  list: () => [1],
  'github.list_issues': () => [],
  'github.close_issue': () => [],
}
const suite = useCodemode({ client: { tools } })
const all = 'the tools are get_user, list, github.list_issues, github.close_issue'

test.each([
  ['get_user({ id: 1 })', 'Tools are called through tools: await tools.get_user(input).'],
  ['await getUser({ id: 1 })', 'Tools are called through tools, and tools.get_user may be meant.'],
  ['await list_issues()', 'Tools are called through tools, and tools.github.list_issues may be meant.'],
  [
    'return codemode.get_user({})',
    `Tools are called through tools: await tools.<name>(input); tools.get_user may be meant (${all}).`,
  ],
  ['await codemode.run()', `Tools are called through tools: await tools.<name>(input) (${all}).`],
  ['tools.nope({})', `There is no tool nope (${all}).`],
  ['await tools.get_users({})', `There is no tool get_users; tools.get_user may be meant (${all}).`],
  ["await tools['get-user!']()", `There is no tool get-user!; tools.get_user may be meant (${all}).`],
  [
    'await tools.github.list_isues()',
    `There is no tool github.list_isues; tools.github.list_issues may be meant (${all}).`,
  ],
  ['await tools.jira.search()', `There is no tool jira.search (${all}).`],
  ['const { get_usr } = tools\nawait get_usr()', `There is no tool get_usr; tools.get_user may be meant (${all}).`],
  ['await tools.github()', 'tools.github is a namespace (the tools are github.list_issues, github.close_issue).'],
  ['const name = "lists"\nawait tools[name]()', `There is no tool of this name (${all}).`],
  ["await tools('list')", `tools is an object of functions: await tools.<name>(input) (${all}).`],
  ['tools.list().map(String)', 'tools.list(…) returns a promise, so await it first: (await tools.list(input)).'],
  [
    'for (const each of tools.list()) {}',
    'tools.list(…) returns a promise, so await it first: (await tools.list(input)).',
  ],
])('%s fails with a hint at the tools', { tags: ['GU-5', 'TL-8'] }, async (code, hint) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: false, error: { code: 'GUEST_ERROR', hint } })
  expect(result).toHaveProperty('error.message', expect.not.stringContaining(hint))
})

test.each([
  ["axios.get('https://example.com')", 'The sandbox has no network; call a tool instead'],
  ["await globalThis.fetch('https://example.com')", 'The sandbox has no network; call a tool instead'],
  ['new Headers()', 'The sandbox has no network and no Headers; use an object for the fields'],
  ["await crypto.subtle.digest('SHA-256', new Uint8Array())", 'only getRandomValues and randomUUID of crypto'],
  ["crypto.createHash('sha256')", 'only getRandomValues and randomUUID of crypto'],
  ['crypto.randomBytes(8)', 'use crypto.getRandomValues(new Uint8Array(length)).'],
  ["new Blob(['x'])", 'use Uint8Array with TextEncoder and TextDecoder, or text.'],
  ["fs.readFileSync('a')", 'The sandbox has no file system'],
  ['__dirname', 'The sandbox has no file system'],
  ['window.open()', 'The sandbox is no browser'],
  ["document.querySelector('a')", 'The sandbox is no browser'],
  ["localStorage.getItem('a')", 'return the data, or keep it with a tool.'],
  ["_.groupBy([], 'a')", 'The sandbox has no libraries'],
  ['Deno.env', 'the values that the host passes are `input`, `context` and `config`.'],
  ['new Worker("a.js")', 'use async functions and Promise.all.'],
  ["performance.mark('a')", 'measure with performance.now() or console.time(label).'],
  ["performance.measure('a', 'b')", 'measure with performance.now()'],
  ['performance.getEntriesByName("a")', 'The sandbox has only now and timeOrigin of performance'],
  ['performance.clearMarks()', 'The sandbox has only now and timeOrigin of performance'],
  ['new PerformanceObserver(() => {})', 'measure with performance.now()'],
  [
    'try { null.x } catch (error) { return error instanceof QuotaExceededError }',
    "compare error.name with 'QuotaExceededError'.",
  ],
  ['new TransformStream()', 'The sandbox has no streams'],
  ['new CompressionStream("gzip")', 'call a tool'],
  ['new URLPattern({ pathname: "/:id" })', 'use URL and a regular expression'],
  ['new MessageEvent("message")', 'use CustomEvent with detail'],
  ['print(1)', 'The function that prints is console.log.'],
])('%s fails with a hint at what is there', { tags: ['GU-5'] }, async (code, hint) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: false, error: { code: 'GUEST_ERROR' } })
  expect(result).toHaveProperty('error.hint', expect.stringContaining(hint))
})

test.each([
  'totals.push(1)',
  'null.x',
  'const a = {}; a.map(String)',
  'throw new Error("fetch is not defined")',
  'throw { name: "ReferenceError", message: "fetch is not defined" }',
  'const user = undefined; user.name',
  'await tools.get_user(1n)',
])('%s fails without a hint', { tags: ['GU-5'] }, async (code) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: false, error: { code: 'GUEST_ERROR' } })
  expect(result).not.toHaveProperty('error.hint')
})

test('an error that the code catches is the one of the language', { tags: ['GU-5'] }, async () => {
  const code = `try { getUser() } catch (error) { return [error.message, Object.keys(error), error.hint] }`
  expect(await suite.codemode.executeAsync(code)).toEqual(['getUser is not defined', [], null])
})

test('executeAsync throws the hint beside the message', { tags: ['GU-5'] }, async () => {
  const error = await suite.codemode.executeAsync('tools.nope()').catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ name: 'ExecutionError', message: 'tools.nope is not a function' })
  expect(error).toHaveProperty('hint', `There is no tool nope (${all}).`)
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({ hint: `There is no tool nope (${all}).` })
})

test.each([
  'const end = Date.now() + 1000; while (Date.now() < end) {}',
  'const end = performance.now() + 50; while (performance.now() < end);',
  'const start = new Date(); for (;;) if (new Date() - start > 9) break',
  'const end = Date.now() + 9; while (Date.now() < end) await null',
  'const now = () => Temporal.Now.instant().epochMilliseconds; const end = now() + 9; while (now() < end) {}',
])('%s ends in a timeout that explains the clock', { tags: ['GU-5', 'RT-3'] }, async (code) => {
  expect(await suite.codemode.run(code, { cpuTimeoutMs: 200 })).toMatchObject({
    error: {
      code: 'CPU_TIMEOUT',
      hint: 'The clock stands still while code computes, so a loop that waits for a time never ends: wait with await sleep(ms).',
    },
  })
})

test.each(['for (;;) {}', 'const start = Date.now(); for (let i = 0; ; i++) if (i < 9) Date.now()'])(
  'a timeout of code that does not wait for the clock has no hint: %s',
  { tags: ['GU-5'] },
  async (code) => {
    const result = await suite.codemode.run(code, { cpuTimeoutMs: 100 })
    expect(result).toHaveProperty('error.code', 'CPU_TIMEOUT')
    expect(result).not.toHaveProperty('error.hint')
  },
)

test.each([
  ['Array.prototype[Symbol.iterator] = () => { throw new Error("x") }; tools.ech({})', 'tools.ech is not a function'],
  [
    'Array.prototype[Symbol.iterator] = () => { throw new Error("x") }\nsetTimeout(() => { tools.ech({}) }, 1); await new Promise(() => {})',
    'tools.ech is not a function',
  ],
  [
    'Object.getPrototypeOf([].values()).next = () => { throw new Error("x") }; setTimeout(() => { tools.ech({}) }, 1); await sleep(9)',
    'tools.ech is not a function',
  ],
])('a hint calls nothing that the code has replaced: %j', { tags: ['GU-5', 'SA-1'] }, async (code, message) => {
  expect(await suite.codemode.run(code)).toMatchObject({ success: false, error: { code: 'GUEST_ERROR', message } })
})
