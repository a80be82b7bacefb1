/**
 * Runs three stages, each with its own code: the result of one is the `input` of the next. Each stage may call only the
 * tools that it needs.
 */
import assert from 'node:assert/strict'

import { Codemode, type Json } from '@codemode/client'

const sent: string[] = []

await using codemode = Codemode.fromEnv({
  tools: {
    prices: ({ symbol }: { symbol: string }) => ({ ACME: [10, 12, 11], INIT: [7, 5, 6] })[symbol],
    notify: ({ text }: { text: string }) => sent.push(text),
  },
})

const stages = [
  {
    label: 'fetch',
    availableTools: ['prices'],
    code: `
      const prices = await Promise.all(input.symbols.map((symbol) => tools.prices({ symbol })))
      return input.symbols.map((symbol, i) => ({ symbol, prices: prices[i] }))`,
  },
  {
    label: 'analyse',
    availableTools: [],
    code: `
      const change = (prices) => (prices.at(-1) - prices[0]) / prices[0]
      return input.map(({ symbol, prices }) => ({ symbol, percent: Math.round(100 * change(prices)) }))`,
  },
  {
    label: 'report',
    availableTools: ['notify'],
    code: `
      const text = input.map(({ symbol, percent }) => symbol + ' ' + percent + ' %').join(', ')
      await tools.notify({ text })
      return text`,
  },
]

let value: Json = { symbols: ['ACME', 'INIT'] }
for (const { code, ...options } of stages) value = await codemode.executeAsync(code, { ...options, input: value })

assert.equal(value, 'ACME 10 %, INIT -14 %')
assert.deepEqual(sent, [value])
console.log(value)
