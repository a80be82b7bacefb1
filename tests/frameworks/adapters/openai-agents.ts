import { fromOpenAITools } from '@codemode/client/openai-agents'
import { tool } from '@openai/agents'

import type { Adapter, Definition } from './definition.ts'

const optionsOf = ({ name, schema, run, needsApproval }: Definition) => ({
  name,
  description: name,
  parameters: schema,
  ...(needsApproval && { needsApproval: async (_context: unknown, input: unknown) => needsApproval(input) }),
  execute: (input: unknown, _context: unknown, details?: { signal?: AbortSignal }) => run(input, details!.signal!),
})

export const openaiTools: Adapter = {
  adapter: 'OpenAI Agents, tool()',
  hasApprovals: true,
  hidesErrors: true,
  hidesDefaults: true,
  toTools: (definitions) => fromOpenAITools(definitions.map((definition) => tool(optionsOf(definition)))),
}

export const openaiThrowing: Adapter = {
  adapter: 'OpenAI Agents, tool() with errorFunction: null',
  hasApprovals: true,
  hidesDefaults: true,
  toTools: (definitions) =>
    fromOpenAITools(definitions.map((definition) => tool({ ...optionsOf(definition), errorFunction: null }))),
}

export const openaiOptions: Adapter = {
  adapter: 'OpenAI Agents, the options of tool()',
  hasApprovals: true,
  takesTransforms: true,
  toTools: (definitions) => fromOpenAITools(definitions.map(optionsOf)),
}
