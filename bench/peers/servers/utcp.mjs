// UTCP's code mode in the server's own process. The tools replace UTCP's registry and its transports, which are not part of
// what is measured: each call costs UTCP less than with them.
import { CodeModeUtcpClient } from '@utcp/code-mode'
import '@utcp/sdk'

import { listen, toolsFor } from './listen.mjs'

const client = await CodeModeUtcpClient.create()
const described = Object.keys(toolsFor()).map((name) => {
  return { name: `tools.${name}`, description: '', inputs: { type: 'object' }, outputs: {}, tags: [] }
})
client.getTools = async () => described

const failed = '[ERROR] Code execution failed: '

listen(async (code, input) => {
  const tools = toolsFor(input)
  const forRequest = Object.create(client, {
    callTool: { value: (name, args) => tools[name.slice('tools.'.length)](args) },
  })
  const { result, logs } = await forRequest.callToolChain(code)
  const failure = logs.find((line) => line.startsWith(failed))
  if (failure !== undefined) throw new Error(failure.slice(failed.length))
  return result
})
