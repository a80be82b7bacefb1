import { fromCrewaiTools } from '@codemode/client/crewai'
import type { ToolCall } from '@codemode/client'

import type { Adapter } from './definition.ts'

export const crewai: Adapter = {
  adapter: 'CrewAI-style',
  takesTransforms: true,
  toTools: (definitions) =>
    fromCrewaiTools(
      definitions.map(({ name, schema, run }) => ({
        name,
        description: name,
        argsSchema: schema,
        run: (args: unknown, { signal }: ToolCall) => run(args, signal),
      })),
    ),
}
