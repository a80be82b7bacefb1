/**
 * Moves a program from blocking to async calls. `execute()` suits a script that does one thing after the other. In a
 * program with an event loop it would block everything else, so it refuses, and its message shows the line to write
 * instead.
 */
import assert from 'node:assert/strict'

import { Codemode, ConfigurationError } from '@codemode/client'

await using codemode = Codemode.fromEnv({})

// Before: a script. Values and errors are the same as those of executeAsync.
assert.equal(codemode.execute<number>('return 2 + 2'), 4)
assert.throws(() => codemode.execute('null.x'), { name: 'ExecutionError', errorName: 'TypeError' })

// The program registers a tool of its own. Its handler runs on this event loop, which execute() would block.
codemode.registerTool('celsius', ({ city }: { city: string }) => (city === 'Oslo' ? -3 : 21))
const code = 'return tools.celsius({ city: "Oslo" })'
assert.throws(
  () => codemode.execute(code),
  (error) => error instanceof ConfigurationError && error.message.includes('await codemode.executeAsync(code)'),
)

// After: the same call, awaited. Nothing else changes, and several can run at once.
assert.equal(await codemode.executeAsync<number>(code), -3)
const cities = ['Oslo', 'Rome', 'Lima']
const all = await Promise.all(
  cities.map((city) => codemode.executeAsync<number>('return tools.celsius(input)', { input: { city } })),
)
assert.deepEqual(all, [-3, 21, 21])
console.log('the same values without blocking the event loop')
