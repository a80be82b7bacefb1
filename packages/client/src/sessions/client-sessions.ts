import {
  newCorrelationId,
  type JsonObject,
  type SessionRecord,
  type SessionRequest,
  type SessionSummary,
} from '@codemode/shared'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { Executor, SessionsExecutor } from '../executor.ts'
import type { StepParts } from '../run/client-core.ts'
import type { ClientRun } from '../run/client-run.ts'
import type { ExecuteOptions } from '../run/execute-options.ts'
import { requirePart } from '../run/executor-parts.ts'
import { parseCallOptions } from '../run/call-options.ts'
import { pagedList, pagingOptions } from '../run/paged-list.ts'
import { contextFrom, jsonObjectOf } from '../run/request-json.ts'
import type { View } from '../run/view.ts'
import type { ClientTools } from '../tools/client-tools.ts'
import { ToolRegistry } from '../tools/registry.ts'
import { asExpired, otherContext } from './session-errors.ts'
import { parseSessionOptions, sessionIdOf, type SessionOptions } from './session-options.ts'
import { Session, type ForkOptions } from './session.ts'

const listOptionsSchema = z.strictObject({
  /** Only sessions with this label. */
  label: z.string().max(256).optional(),
  ...pagingOptions,
})

/** Filter of a list of sessions, and the number of its items. */
export type ListSessionsOptions = z.input<typeof listOptionsSchema>

interface ClientSessionsOptions {
  readonly executor: Executor
  readonly tools: ClientTools
  readonly correlationIdPrefix: string | undefined
  /** Memory limit of sessions that set none, in MiB. */
  readonly memoryLimitMb: number | undefined
  startStep(this: void, code: string, options: ExecuteOptions, parts: StepParts): ClientRun
  throwsForWarnings(this: void, options: ExecuteOptions): boolean
  /** Called to check that the client is open; throws CLIENT_CLOSED if it is closed. */
  assertOpen(this: void): void
}

/** Session that an executor has, for a view that uses it. */
interface FoundSession {
  readonly record: SessionRecord
  readonly isNew: boolean
  readonly view: View
}

/** Sessions of a client: creates, finds and lists them. The client keeps none of them. */
export class ClientSessions {
  readonly #options: ClientSessionsOptions

  constructor(options: ClientSessionsOptions) {
    this.#options = options
  }

  /** Creates a session, or attaches to the one with the given id. */
  async open(given: SessionOptions, view: View): Promise<Session> {
    const { tools, ...options } = parseSessionOptions(given)
    const sessions = this.#sessions
    await this.#options.tools.load()
    const registry = tools === undefined ? view.registry : new ToolRegistry(view.registry)
    if (tools !== undefined) registry.registerAll(tools)
    const existing = options.id === undefined ? undefined : await find(sessions, options.id, this.#control)
    const isAttachOnly =
      (options.durable ?? existing?.durable) === existing?.durable &&
      Object.entries(options).every(([name, value]) => ['id', 'durable'].includes(name) || value === undefined)
    if (existing !== undefined && isAttachOnly) checkContext(existing, view)
    const record =
      existing !== undefined && isAttachOnly
        ? existing
        : await sessions.create(this.#request(options, view), this.#control)
    return this.#session({ record, isNew: existing === undefined, view: { ...view, registry } })
  }

  /** Yields the sessions of all pages, newest first; a page is read when its first session is needed. */
  list(options: ListSessionsOptions): AsyncIterable<SessionSummary> {
    const sessions = this.#sessions
    const correctCall = "codemode.listSessions({ label: 'chat', limit: 100 })"
    const { limit, pageSize, ...filter } = parseCallOptions(listOptionsSchema, options, {
      method: 'listSessions()',
      correctCall,
    })
    return pagedList({ limit, pageSize }, (page) => sessions.list({ ...filter, ...page }, this.#control))
  }

  /** Returns the executor's sessions. Throws if the client is closed, or its executor has no sessions. */
  get #sessions(): SessionsExecutor {
    const { executor, assertOpen } = this.#options
    assertOpen()
    return requirePart(executor, 'sessions').sessions
  }

  get #control(): { correlationId: string } {
    return { correlationId: newCorrelationId(this.#options.correlationIdPrefix) }
  }

  #request(
    options: Omit<ReturnType<typeof parseSessionOptions>, 'tools'>,
    view: View,
  ): SessionRequest & { readonly id: string } {
    const { context, config, memoryLimitMb = this.#options.memoryLimitMb, ...rest } = options
    const whole = contextFrom({ ...view.context, ...(context && contextFrom(context)) })
    return {
      ...rest,
      id: sessionIdOf(options.id),
      ...(Object.keys(whole).length > 0 && { context: whole }),
      ...(config !== undefined && { config: jsonObjectOf('config', config) }),
      ...(memoryLimitMb !== undefined && { memoryLimitMb }),
    }
  }

  #session({ record, isNew, view }: FoundSession): Session {
    const { sessionId, context, durable: isDurable } = record
    const { startStep, throwsForWarnings } = this.#options
    const request = async <Result>(send: (sessions: SessionsExecutor) => Promise<Result>): Promise<Result> => {
      try {
        return await send(this.#sessions)
      } catch (error) {
        throw asExpired(error, sessionId)
      }
    }
    return new Session({
      sessionId,
      isNew,
      isDurable,
      throwsForWarnings,
      startStep: (code, options, { submitAgain, ...place }) =>
        startStep(code, options, {
          view,
          submitAgain,
          step: { ...place, session: { id: sessionId, context, isDurable } },
        }),
      record: () => request((sessions) => sessions.record(sessionId, this.#control)),
      end: () => request((sessions) => sessions.end(sessionId, this.#control)),
      reset: () => request((sessions) => sessions.reset(sessionId, this.#control)),
      fork: async ({ id, ...options }: ForkOptions) => {
        const fork = { ...options, id: sessionIdOf(id) }
        const forked = await request((sessions) => sessions.fork(sessionId, fork, this.#control))
        return this.#session({ record: forked, isNew: true, view })
      },
    })
  }
}

/** Resolves with the record of a session; undefined if the executor does not know it. */
async function find(
  sessions: SessionsExecutor,
  sessionId: string,
  options: { correlationId: string },
): Promise<SessionRecord | undefined> {
  try {
    return await sessions.record(sessionId, options)
  } catch (error) {
    if (error instanceof ExecutorClientError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

/** Throws unless the session has the context of the view: its tools would act for somebody else. */
function checkContext({ sessionId, context }: SessionRecord, view: View): void {
  const wanted: JsonObject = contextFrom(view.context)
  const name = Object.keys(wanted).find((key) => !isDeepStrictEqual(context[key], wanted[key]))
  if (name !== undefined) throw otherContext(sessionId, name)
}
