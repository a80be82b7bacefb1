import { Codemode, MockExecutor, type Json, type OnApproval, type Tool } from '@codemode/client'

/** Calls one of the tools as code would, without an executor. Rejects with the error that the code would get. */
export async function callTool(
  tools: Record<string, Tool>,
  name: string,
  { input = {}, onApproval, context = {} }: { input?: unknown; onApproval?: OnApproval; context?: object } = {},
): Promise<Json> {
  const executor = new MockExecutor({ defaultResult: (_request, call) => call(name, input) })
  await using codemode = Codemode.fromClientConfig({ executor, tools })
  return await codemode.executeAsync(name, { context, ...(onApproval && { onApproval }) })
}
