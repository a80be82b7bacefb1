import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { cwd } from 'node:process'

import { expect, test } from 'vitest'

import { withoutHostPaths } from './host-paths.ts'

test.each([
  ['cannot read /home/ada/.ssh/id_rsa.', 'cannot read <path>.'],
  ['/var/lib/secret/config.yaml', '<path>'],
  ['failed in (/srv/app/x.ts:1:2)', 'failed in (<path>)'],
  [
    "ENOENT: no such file or directory, open '/Users/ada/My Documents/x.txt'",
    "ENOENT: no such file or directory, open '<path>'",
  ],
  ['["/etc/passwd","/users/1"]', '["<path>","/users/1"]'],
  ['path=/var/lib/x, error:/etc/passwd', 'path=<path>, error:<path>'],
  ['/api/items/3,/opt/app/x', '/api/items/3,<path>'],
  ['cp /etc/a //etc/b', 'cp <path> <path>'],
  ['打开/root/a失败', '打开<path>'],
  ['/elsewhere/app/main.js:10:5 and /app2/x.tsx:7', '<path> and <path>'],
  ['/elsewhere/node_modules/left-pad/index', '<path>'],
  ['see file:///a/b.json and FILE:/etc/x', 'see <path> and <path>'],
  ['C:\\Users\\Ada King\\x.txt is gone, D:/x too', '<path> is gone, <path> too'],
  ['D:\\a\\b and D:\\c\\d', '<path> and <path>'],
  ['\\\\files\\share\\x.txt, \\\\?\\C:\\x', '<path>, <path>'],
  ['connect ENOENT unix:/var/run/docker.sock', 'connect ENOENT unix:<path>'],
  ['unix:///var/run/docker.sock, sqlite:///home/ada/x.db', 'unix:<path>, sqlite:<path>'],
  ["open '/home/ada/Ada's keys/id'", "open '<path>'"],
  ["moved '/home/ada/a' to '/home/ada/b'", "moved '<path>' to '<path>'"],
  ['\u001b[31m/home/ada/x.ts\u001b[39m', '\u001b[31m<path>\u001b[39m'],
  ['FORGET /home/ada/x', 'FORGET <path>'],
])('withoutHostPaths removes the absolute paths from %j', { tags: ['TL-2'] }, (text, clean) => {
  expect(withoutHostPaths(text)).toBe(clean)
})

test.each([cwd(), homedir(), tmpdir(), import.meta.dirname].map((folder) => join(folder, 'sub', 'secret.json')))(
  'withoutHostPaths removes %s, a path of this host',
  { tags: ['TL-2'] },
  (path) => {
    expect(withoutHostPaths(`no ${path} here`)).toBe('no <path> here')
  },
)

test.each([
  'https://api.example.com/v1/config.json',
  'GET https://example.com/home/ada/x.ts:1:2 answered 404',
  'https://a.example/?next=/home/ada and //cdn.example.com/x.js',
  'postgres://user@db/var/data',
  'src/index.ts and ../src/x.ts:1:2 and ./home/x and ~/x/y and @/lib/utils',
  '/users/42 not found',
  'no route for GET /v1/config.json, nor /home',
  '[/items/{id}] and /items/:id',
  'text/html; 3/4; 1 / 2; a // comment; /* x */',
  'GET /private/messages failed, then "POST /run/1" answered 500 and (DELETE /media/3) 404',
  's3:///bucket/x and webpack:///./src/x.ts',
  'at 2024/01/02 10:30:15\nat noon (12:30:45)\nat 2024/01/02T10:30:15\nat column 5 of a/b (line 3:4:5)',
  'at least one item is required\n  at least one item is required\nat 12:30:45 it was open\n\tat noon',
  'matches \\d+\\w+, \\\\d+\\\\w+',
  'node:fs/promises',
  '////////',
])('withoutHostPaths keeps %j', { tags: ['TL-2'] }, (text) => {
  expect(withoutHostPaths(text)).toBe(text)
})

test.each([
  ['at run (/srv/app.js:1:2)'],
  ['    at async Promise.all (index 0)'],
  ['    at new Promise (<anonymous>)'],
  ['    at Array.map (native)'],
  ['    at node:internal/process/task_queues:103:5'],
  ['    at process.processTicksAndRejections (node:internal/process/task_queues:103:5) {'],
  ['    at eval (eval at run (/srv/x.js:1:2), <anonymous>:1:1)\r'],
  ['    at async file:///srv/app.mjs:8:3'],
  ['    at async run (webpack-internal:///./src/x.ts:1:2)'],
  ['    at C:\\app\\x.js:1:2'],
  // As `util.inspect` shows errors in objects, lists and proxies.
  ['    at run (/srv/app.js:1:2) {'],
  ['        at run (/srv/app.js:1:2),'],
  ['      at async Promise.all (index 0)] }'],
  ['    at async file:///srv/app.ts:97:1)'],
  ['    at new Promise (<anonymous>)]'],
])('withoutHostPaths removes the stack frame %j', { tags: ['TL-2'] }, (frame) => {
  expect(withoutHostPaths(`Error: boom\n${frame}\nend`)).toBe('Error: boom\nend')
})

test('withoutHostPaths keeps the first line of a message that is a stack', { tags: ['TL-2'] }, () => {
  expect(withoutHostPaths(new TypeError('boom').stack ?? '')).toBe('TypeError: boom')
})

/** Texts for which a quadratic scanner would take minutes. */
test.each(
  [
    ['/'.repeat(400_000)],
    ['\\'.repeat(400_000)],
    ['\n at'.repeat(100_000)],
    ['a:'.repeat(200_000)],
    ['file:'.repeat(80_000)],
    [' '.repeat(400_000)],
    [',/a/b'.repeat(80_000)],
    ['\\\\a'.repeat(120_000)],
    [`"/x ${"'/y ".repeat(80_000)}`],
    ['/'.concat('a'.repeat(400_000), '/b')],
    [`/x.js:${'1'.repeat(400_000)}`],
  ].map(([text = '']) => [text.slice(0, 12), text]),
)('withoutHostPaths reads 400 KB of text like %j once and keeps it', { tags: ['TL-2'] }, (_, text) => {
  expect(withoutHostPaths(text)).toBe(text)
})

test.each([
  ['/etc/x ', '<path> ', 60_000],
  ['a:/', '<path>', 120_000],
  ["'/etc/x ", "'<path>", 60_000],
  ['/etc/x)', '<path>', 60_000],
  ['c:\\a b\\', '<path>', 60_000],
])('withoutHostPaths replaces every path in a text like %j', { tags: ['TL-2'] }, (unit, begin, count) => {
  const clean = withoutHostPaths(unit.repeat(count))
  expect(clean.startsWith(begin)).toBe(true)
  expect(clean).not.toContain('/etc')
})
