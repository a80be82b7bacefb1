/** Tools module of the command `codemode mcp` in tests. */
import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'

import { tool } from '@codemode/client'

export default {
  price_of: ({ item }: { item: string }) => {
    // Standard output belongs to the protocol, also if a tool writes to the console.
    console.log('price_of was called')
    return item.length * 100
  },
  pay: tool({ requiresApproval: true, execute: ({ amount }: { amount: number }) => ({ paid: amount }) }),
  /** Writes to a file when it is called, and when the call is cancelled. */
  hang: tool({
    async execute({ file }: { file: string }, { signal }) {
      const aborted = once(signal, 'abort')
      await appendFile(file, 'called\n')
      await aborted
      await appendFile(file, 'cancelled\n')
    },
  }),
}
