import { expect, test } from 'vitest'

import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import { ToolRegistry } from './registry.ts'

const messageOf = (tool: object) => configurationErrorMessage(() => new ToolRegistry().register('t', tool))
const execute = () => 1
const schema = { type: 'object' }

test.each([
  [{ inputSchem: schema, execute }, 'did you mean inputSchema?'],
  [{ input_schema: schema, execute }, 'did you mean inputSchema?'],
  [{ outputschema: schema, execute }, 'did you mean outputSchema?'],
  [{ parameters: schema, execute }, 'did you mean inputSchema?'],
  [{ schema, execute }, 'did you mean inputSchema?'],
  [{ timeout: 5_000, execute }, 'did you mean timeoutMs?'],
  [{ descripton: 'd', execute }, 'did you mean description?'],
  [{ needsApproval: true, execute }, 'did you mean requiresApproval?'],
  [{ handler: execute }, 'did you mean execute?'],
  [{ func: execute }, 'did you mean execute?'],
  [{ name: 'weather', input_schema: schema, execute }, 'did you mean inputSchema?'],
  [{ type: 'function', function: { name: 'weather', parameters: schema } }, 'as description and inputSchema'],
  [Object.assign(Object.create(null), { handler: execute }), 'did you mean execute?'],
])('the registry refuses the tool %j, and says what is meant', async (tool, text) => {
  const message = await messageOf(tool)
  expect(message).toContain("The tool 't' has the propert")
  expect(message).toContain(text)
  expect(message).toContain("Instead:\n\n  codemode.registerTool('t', tool({ ")
})

test('the error for tools inside a tool says how namespaces are written', async () => {
  for (const tool of [{ list: execute }, { list: { execute }, get: { execute } }]) {
    expect(await messageOf(tool)).toContain("codemode.registerTool('t.list', …)")
  }
})

test('properties that are not set, state that a handler may use, and properties of instances are ignored', () => {
  class Weather {
    name = 'weather'
    schema = schema
    execute = execute
  }
  const registry = new ToolRegistry()
  const state = { name: 'a', unit: 'C', runs: 0, call: 1, input: 'x', function: 'f', execute }
  registry.register('a', { parameters: undefined, ...state } as object)
  registry.register('b', new Weather())
  expect(registry.select(undefined)).toHaveLength(2)
})
