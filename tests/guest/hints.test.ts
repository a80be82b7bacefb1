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
const search = "await tools.$search('words') finds tools."

test.each([
  ['get_user({ id: 1 })', 'Tools are called through tools: await tools.get_user(input).'],
  ['await getUser({ id: 1 })', 'Tools are called through tools, and tools.get_user may be meant.'],
  [
    "await github.list_issues({ repo: 'a/b' })",
    'Tools are called through tools: await tools.github.list_issues(input).',
  ],
  [
    'await github.search({})',
    'Tools are called through tools: await tools.github.<name>(input) (the tools are github.list_issues, github.close_issue).',
  ],
  ['await tools.get-user()', 'A name with - is written with _: await tools.get_user(input).'],
  ['await context.tools.get_user({})', 'tools is a global: await tools.get_user(input).'],
  ['new tools.get_user({})', 'Call a tool without new: await tools.get_user(input).'],
  ["await callTool('get_user', {})", 'Tools are called through tools: await tools.<name>(input).'],
  ['await Tools.get_user({})', 'Tools are called through tools: await tools.get_user(input).'],
  ['await Tools.search({})', 'Tools are called through tools: await tools.<name>(input).'],
  [
    'const users = tools.list()\nreturn users.map(String)',
    'users is the promise of tools.list(…), so await it first: users = await tools.list(input).',
  ],
  [
    'let found = tools.get_user({})\nfor (const id of found) {}',
    'found is the promise of tools.get_user(…), so await it first: found = await tools.get_user(input).',
  ],
  [
    'const found = tools.get_user({})\nconst names = found.users.map(String)',
    'found is the promise of tools.get_user(…), so await it first: found = await tools.get_user(input).',
  ],
  [
    'const all = Promise.all([tools.list()])\nall.map(String)',
    'all is a promise, so await it first: all = await Promise.all(…).',
  ],
  [
    'const wait = async () => {}\nlet found = null\nfound = tools.list()\nawait wait()\nfound.map(String)',
    'found is the promise of tools.list(…), so await it first: found = await tools.list(input).',
  ],
  ['await list_issues()', 'Tools are called through tools, and tools.github.list_issues may be meant.'],
  [
    'return codemode.get_user({})',
    `Tools are called through tools: await tools.<name>(input); tools.get_user may be meant (${all}).`,
  ],
  ['await codemode.run()', `Tools are called through tools: await tools.<name>(input) (${all}).`],
  ['tools.nope({})', `There is no tool nope (${all}). ${search}`],
  ['await tools.get_users({})', `There is no tool get_users; tools.get_user may be meant (${all}). ${search}`],
  ["await tools['get-user!']()", `There is no tool get-user!; tools.get_user may be meant (${all}). ${search}`],
  [
    'await tools.github.list_isues()',
    `There is no tool github.list_isues; tools.github.list_issues may be meant (${all}). ${search}`,
  ],
  ['await tools.jira.search()', `There is no tool jira.search (${all}). ${search}`],
  [
    'const { get_usr } = tools\nawait get_usr()',
    `There is no tool get_usr; tools.get_user may be meant (${all}). ${search}`,
  ],
  ['await tools.github()', 'tools.github is a namespace (the tools are github.list_issues, github.close_issue).'],
  ['const name = "lists"\nawait tools[name]()', `There is no tool of this name (${all}). ${search}`],
  ["await tools('list')", `tools is an object of functions: await tools.<name>(input) (${all}).`],
  ['tools.list().map(String)', 'tools.list(…) returns a promise, so await it first: (await tools.list(input)).'],
  [
    'for (const each of tools.list()) {}',
    'tools.list(…) returns a promise, so await it first: (await tools.list(input)).',
  ],
  [
    'const xs = tools.list()\nreturn xs.map(String)',
    'xs is the promise of tools.list(…), so await it first: xs = await tools.list(input).',
  ],
  [
    'let xs: any = tools.list({}); for (const x of xs) {}',
    'xs is the promise of tools.list(…), so await it first: xs = await tools.list(input).',
  ],
  [
    'const issues = tools.github.list_issues()\nissues.forEach(String)',
    'issues is the promise of tools.github.list_issues(…), so await it first: issues = await tools.github.list_issues(input).',
  ],
  ['const call = tools.nope; await call({})', `There is no tool nope (${all}). ${search}`],
  ['const all = tools; all.nope()', `There is no tool nope (${all}). ${search}`],
  ['await Promise.all([1].map(tools.nope))', `There is no tool nope (${all}). ${search}`],
  ["await tools['jira'].search()", `There is no tool jira (${all}). ${search}`],
  ['await tool.get_user({})', 'Tools are called through tools: await tools.get_user(input).'],
  ['await mcp.github.list_issues({})', 'Tools are called through tools: await tools.github.list_issues(input).'],
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
  ['params.id', 'in `input`, `context` and `config`.'],
  ['return args[0]', 'in `input`, `context` and `config`.'],
  ['javascript\nconst a = 1', 'The name of the language is no part of the program'],
  ['JSON.parse({ a: 1 })', 'The value is an object already'],
  ["const user = await tools.get_user({ at: 'x' }); user.at.getTime()", 'Make a Date of it: new Date(text).'],
  ['({ at: "2024-01-01" }).at.toISOString()', 'Make a Date of it: new Date(text).'],
  ['const response = await tools.get_user({}); await response.json()', 'A tool returns its output and no Response'],
  ['await Promise.all(tools.list(), tools.list())', 'Promise.all takes one array: Promise.all([first, second]).'],
  ['await Promise.allSettled({ a: tools.list() })', 'Promise.allSettled takes one array'],
  ['await Promise.any(Promise.resolve(1))', 'Promise.any takes one array'],
  ['log("x")', 'The function that prints is console.log.'],
  ["globalThis.Buffer.from('x')", 'The sandbox has no Buffer'],
  ['globalThis.process.env', 'The sandbox shows nothing of its host'],
  ["const { subtle } = crypto; subtle.digest('x')", 'only getRandomValues and randomUUID of crypto'],
  ["const { createHash, randomUUID } = crypto\ncreateHash('md5')", 'only getRandomValues and randomUUID of crypto'],
  ['assert.equal(1, 2)', 'throw an Error'],
  ['len([1])', 'its property length'],
  ['for (const i of range(3)) {}', 'Array.from({ length }'],
  ["path.join('a', 'b')", 'The sandbox has no libraries'],
  ['z.object({})', 'The sandbox has no libraries'],
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
  'const a = 1 - rest',
  'JSON.parse("{")',
  'const users = await tools.get_user({ a: 1 })\nusers.map(String)',
  'new Map(5)',
  'const users = {}\nconst more = tools.list()\nusers.map(String)',
  'const sers = {}\nconst users = tools.list()\nsers.map(String)',
  'const list = {}; list.jsonify()',
  'const { list } = tools; const other = 1; other()',
  'const xs = await tools.list(); xs.other()',
  'let xs = tools.list(); xs = await xs; xs.other()',
  'const xs = { a: tools.list }; xs.b()',
  'path.push(1)',
  'return x + z',
  'range.from = 1',
  'log.push(1)',
  'other.find(1)',
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
  expect(error).toHaveProperty('hint', `There is no tool nope (${all}). ${search}`)
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({ hint: `There is no tool nope (${all}). ${search}` })
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
