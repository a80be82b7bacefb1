/** Program of a user that a bundler puts into one file. It has no top-level `await`, which CommonJS does not have. */
import process from 'node:process'

import { Codemode, ExecutorClient, tool } from '@codemode/client'
import { z } from 'zod'

const {
  CODEMODE_EXECUTOR_URL: executorUrl,
  CODEMODE_EXECUTOR_API_KEY: executorApiKey,
  TOOLS_MODULE: toolsModule,
} = process.env
const price = tool({
  inputSchema: z.object({ article: z.string() }),
  execute: ({ article }) => article.length * 100,
})

async function main() {
  const options = { executorUrl, executorApiKey }
  const codemode = Codemode.fromClientConfig({ executor: new ExecutorClient(options), tools: { price } })
  const loading = Codemode.fromClientConfig({ ...options, toolsModule })
  try {
    const total = await codemode.executeAsync('return tools.price({ article: "pen" })')
    const loaded = await loading.executeAsync('return tools.double({ n: 4 })')
    console.log(JSON.stringify({ total, loaded, blocking: blockingResult(loading) }))
  } finally {
    await codemode.close()
    await loading.close()
  }
}

/** Returns the value of code that `execute` runs, or the message of the error with which it can't. */
function blockingResult(codemode) {
  try {
    return codemode.execute('return tools.double({ n: 4 })')
  } catch (error) {
    return error.message
  }
}

void main()
