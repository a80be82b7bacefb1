/**
 * Web globals. They are compiled when a program first accesses one, so user code may have changed every builtin by
 * then: they take all builtins from `p`, which was captured before.
 */
import type { Primordials } from '../primordials.ts'
import { createAbort } from './abort.ts'
import { createBase64 } from './base64.ts'
import { createContentsOf } from './contents-of.ts'
import { createCrypto } from './crypto.ts'
import { createDomException } from './dom-exception.ts'
import { createEvents } from './event-target.ts'
import { createStructuredClone } from './structured-clone.ts'
import { createTextDecoder } from './text-decoder.ts'
import { createTextEncoder } from './text-encoder.ts'
import { createUrlSearchParams } from './url-search-params.ts'
import { createUrl } from './url.ts'
import type { WebHost } from './web-host.ts'

export function createWebGlobals(p: Primordials, host: WebHost): Record<string, unknown> {
  const { DOMException, stateOf } = createDomException(p)
  const events = createEvents(p, host, DOMException)
  const { AbortController, AbortSignal } = createAbort(p, host, DOMException, events)
  const base64 = createBase64(p, DOMException)
  const searchParams = createUrlSearchParams(p, host)
  const TextDecoder = createTextDecoder(p)
  const TextEncoder = createTextEncoder(p)
  const URL = createUrl(p, host, searchParams)
  const { CustomEvent, Event } = events
  const classes = { URL, AbortController, AbortSignal, CustomEvent, Event, TextDecoder, TextEncoder }
  host.inspectWith(createContentsOf(p, classes, searchParams))
  return {
    AbortController,
    AbortSignal,
    ...base64,
    crypto: createCrypto(p, host, DOMException),
    CustomEvent,
    DOMException,
    Event,
    EventTarget: events.EventTarget,
    structuredClone: createStructuredClone(p, DOMException, stateOf),
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams: searchParams.URLSearchParams,
  }
}
