import { fromAiSdkTools } from '@codemode/client/ai-sdk'
import { dynamicTool, jsonSchema, tool, type JSONSchema7 } from 'ai'
import { z } from 'zod'

import type { Adapter, Definition } from './definition.ts'

const named = <Made>(definitions: readonly Definition[], make: (definition: Definition) => Made) =>
  Object.fromEntries(definitions.map((definition) => [definition.name, make(definition)]))

export const aiSdk: Adapter = {
  adapter: 'AI SDK, tool()',
  hasApprovals: true,
  takesTransforms: true,
  toTools: (definitions) =>
    fromAiSdkTools(
      named(definitions, ({ name, schema, run, needsApproval }) =>
        tool({
          description: name,
          inputSchema: schema,
          ...(needsApproval && { needsApproval }),
          execute: (input, { abortSignal }) => run(input, abortSignal!),
        }),
      ),
    ),
}

export const aiSdkDynamic: Adapter = {
  adapter: 'AI SDK, dynamicTool() with a JSON Schema',
  takesTransforms: true,
  toTools: (definitions) =>
    fromAiSdkTools(
      named(definitions, ({ name, schema, run }) =>
        dynamicTool({
          description: name,
          inputSchema: jsonSchema(z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as JSONSchema7, {
            validate: async (value) => {
              const parsed = await schema.safeParseAsync(value)
              return parsed.success ? { success: true, value: parsed.data } : { success: false, error: parsed.error }
            },
          }),
          execute: (input, { abortSignal }) => run(input, abortSignal!),
        }),
      ),
    ),
}
