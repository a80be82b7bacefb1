import { betaStandardSchemaTool } from '@anthropic-ai/sdk/helpers/beta/standard-schema'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { fromAnthropicTools } from '@codemode/client/anthropic'

import type { Adapter } from './definition.ts'

export const anthropicZod: Adapter = {
  adapter: 'Anthropic, betaZodTool()',
  toTools: (definitions) =>
    fromAnthropicTools(
      definitions.map(({ name, schema, run }) =>
        betaZodTool({ name, description: name, inputSchema: schema, run: (input, call) => run(input, call!.signal!) }),
      ),
    ),
}

export const anthropicStandard: Adapter = {
  adapter: 'Anthropic, betaStandardSchemaTool()',
  takesTransforms: true,
  toTools: (definitions) =>
    fromAnthropicTools(
      definitions.map(({ name, schema, run }) =>
        betaStandardSchemaTool({
          name,
          description: name,
          inputSchema: schema,
          run: (input, call) => run(input, call!.signal!),
        }),
      ),
    ),
}
