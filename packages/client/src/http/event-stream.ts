/** Parser of Server-Sent Events (WHATWG HTML, section 9.2) from the executor. */
import type { Readable } from 'node:stream'

import { executionEventSchema, fixedLimits, type ExecutionEvent } from '@codemode/shared'
import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { malformed } from './parse-response.ts'

/** Maximum number of characters of one event: more than the limits allow for any event of an executor. */
const maxEventLength = 2 * fixedLimits.journalBytes

/**
 * Yields the messages of a body, in one batch for each chunk. Ends with the body, and throws if the body breaks or an
 * event is too long.
 */
export async function* readMessages(body: Readable): AsyncGenerator<EventSourceMessage[]> {
  const decoder = new TextDecoder()
  let ready: EventSourceMessage[] = []
  let isTooLong = false
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: (message) => ready.push(message),
    onError: ({ type }) => (isTooLong ||= type === 'max-buffer-size-exceeded'),
  })
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    if (isTooLong) throw malformed(`event of more than ${maxEventLength} characters`, undefined)
    const messages = ready
    ready = []
    if (messages.length > 0) yield messages
  }
}

/** Returns the event of a message; undefined for an unknown type. Throws if an event of a known type is invalid. */
export function parseEvent(message: EventSourceMessage): ExecutionEvent | undefined {
  const event = executionEventSchema.safeParse(parseJson(message.data))
  if (event.success) return event.data
  if (!knownTypes.has(message.event ?? '')) return undefined
  throw malformed(`event ${message.event}`, event.error)
}

const knownTypes = new Set<string>(executionEventSchema.options.map(({ shape }) => shape.type.value))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
