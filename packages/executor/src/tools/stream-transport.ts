import type { ToolResponse } from '@codemode/shared'
import { toolCancelled } from '@codemode/shared/internal'

import type { ToolTransport } from './transport.ts'

/** A transport whose calls wait until the client, which gets them as `tool.called` events, posts their answers. */
export interface StreamTransport extends ToolTransport {
  /** Settles an open call; the first answer wins. Returns false for a call that is unknown, settled or aborted. */
  answer(callId: string, answer: ToolResponse): boolean
}

/** Creates the transport of one execution whose client answers through `tool-results`. */
export function createStreamTransport(): StreamTransport {
  const open = new Map<string, (answer: ToolResponse) => void>()
  return {
    call({ callId, tool }, signal) {
      if (signal.aborted) return Promise.resolve(toolCancelled(tool))
      return new Promise((resolve) => {
        const onAbort = () => settle(toolCancelled(tool))
        function settle(answer: ToolResponse) {
          open.delete(callId)
          signal.removeEventListener('abort', onAbort)
          resolve(answer)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        open.set(callId, settle)
      })
    },
    answer(callId, answer) {
      const settle = open.get(callId)
      settle?.(answer)
      return settle !== undefined
    },
  }
}
