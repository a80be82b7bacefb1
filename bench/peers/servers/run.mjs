// Vercel's `run` in the server's own process: QuickJS in worker threads.
import { run } from 'run'

import { listen, toolsFor } from './listen.mjs'

// The default, 1 MiB, is too small for 1 MiB of JSON in the format in which a result leaves the worker.
const limits = { maxResultBytes: 8 * 1024 * 1024 }

listen(async (code, input) => {
  const { value } = await run({ source: code, hostFunctions: { tools: toolsFor(input) }, limits })
  return value
})
