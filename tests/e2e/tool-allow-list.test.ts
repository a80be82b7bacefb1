import { describe, expect, test } from 'vitest'

import { ConfigurationError } from '@codemode/client'

import { transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

describe.each(transports)('over $transport', ({ config }) => {
  let transfers = 0
  const tools = { weather: () => 'fine', 'bank.transfer': () => (transfers += 1) }
  const suite = useCodemode({ client: { ...config, tools } })

  test.each([
    'tools.bank.transfer()',
    `tools['bank.transfer']()`,
    'tools.weather.transfer()',
    `tools['weather'].bank.transfer()`,
    `Reflect.apply(tools.bank.transfer, tools, [])`,
    `tools.constructor.prototype.bank()`,
    `tools.weather.call.call(tools.bank.transfer)`,
    `tools['bank.transfer\\0']()`,
    `tools['__proto__'].transfer()`,
  ])('%s calls no tool that is not on the list', { tags: ['TL-3'] }, async (call) => {
    const result = await suite.codemode.run(`return ${call}`, { availableTools: ['weather'] })
    expect(result).toMatchObject({ success: false, error: { code: 'GUEST_ERROR' }, toolCalls: [] })
    expect(transfers).toBe(0)
  })

  test('the error for a tool that is not on the list names the listed tools', { tags: ['TL-3'] }, async () => {
    const code = 'return tools.bank.transfer()'
    expect(await suite.codemode.run(code, { availableTools: ['weather'] })).toMatchObject({
      error: {
        name: 'TypeError',
        message: "Cannot read properties of undefined (reading 'transfer')",
        hint: "There is no tool bank.transfer (the tools are weather). await tools.$search('words') finds tools.",
      },
    })
    expect(await suite.codemode.run(code, { availableTools: [] })).toMatchObject({
      error: { hint: 'There is no tool bank.transfer (this execution has no tools).' },
    })
  })

  test('the list of one execution does not affect the next', { tags: ['TL-3'] }, async () => {
    const code = 'return Object.keys(tools)'
    const lists = [['weather'], ['bank.transfer'], undefined, []]
    const seen = await Promise.all(
      lists.map((list) => suite.codemode.executeAsync(code, list && { availableTools: list })),
    )
    expect(seen).toEqual([['weather'], ['bank'], ['weather', 'bank'], []])
  })

  test('the client refuses a list with an unknown name before the code runs', { tags: ['TL-3'] }, async () => {
    await expect(suite.codemode.executeAsync('1', { availableTools: ['wether'] })).rejects.toThrow(ConfigurationError)
    await expect(suite.codemode.executeAsync('1', { availableTools: ['wether'] })).rejects.toThrow(
      `Did you mean 'weather'?`,
    )
  })
})
