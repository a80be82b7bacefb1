import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { MockExecutor } from '../executors/mock-executor.ts'
import { guestRules } from './guest-rules.ts'

const codemode = Codemode.fromClientConfig({ executor: new MockExecutor(), tools: { weather: () => 1 } })

test('the rules of the guest in the prompt are those of docs/guest.md', async () => {
  const page = await readFile(new URL('../../../../docs/guest.md', import.meta.url), 'utf8')
  expect(page).toContain(`\`\`\`text\n${guestRules}\n\`\`\``)
})

test('the prompt has the rules and the declarations, and is the same for the same tools', () => {
  const prompt = codemode.prompt()
  expect(prompt.startsWith(guestRules)).toBe(true)
  expect(prompt).toContain('weather(input?: unknown): Promise<unknown>')
  const other = Codemode.fromClientConfig({ executor: new MockExecutor() }).withTools({ weather: () => 2 })
  expect(other.prompt()).toBe(prompt)
  expect(codemode.prompt({ tools: [] })).toContain('There are no tools.')
})

test('with 500 tools the prompt keeps to its budget', () => {
  const tools = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`area.tool_number_${i}`, () => i]))
  const view = codemode.withTools(tools)
  for (const budget of [4_000, 8_000, 20_000]) expect(view.prompt({ budget }).length).toBeLessThanOrEqual(budget)
  expect(view.prompt({ budget: 4_000 })).toContain('There are 501 tools')
  expect(() => view.prompt({ budget: 10 })).toThrow('from 4,000; it is 10.')
})

test('tools of a module are declared after it is loaded', async () => {
  const toolsModule = fileURLToPath(new URL('../testing/lazy-tools.ts', import.meta.url))
  const lazy = Codemode.fromClientConfig({ executor: new MockExecutor(), toolsModule })
  expect(() => lazy.prompt()).toThrow('await codemode.loadTools()')
  await lazy.loadTools()
  expect(lazy.prompt()).toContain('lazy(input')
})
