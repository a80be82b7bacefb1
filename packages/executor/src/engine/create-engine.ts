import { RequestError } from '@codemode/shared'

import type { ExecutionStore } from '../store/execution-store.ts'
import { AttachedRecorder } from './attached/attached-recorder.ts'
import { AttachedExecutions, type AttachedExecutionsOptions } from './attached/attached-executions.ts'
import { DetachedExecutions } from './detached/detached-executions.ts'
import { ExecutionsList } from './executions-list.ts'
import { countWaiting } from './engine-load.ts'
import { notFound, shuttingDown, type Engine } from './engine.ts'
import { createInstance } from './instance.ts'
import { Replays } from './replays.ts'
import { AllSessions } from './session/all-sessions.ts'
import { AttachedSessions } from './session/attached-sessions.ts'
import { WarmGuests } from './session/warm-guests.ts'
import { Pacer } from './runner/pacer.ts'

interface EngineOptions extends Omit<AttachedExecutionsOptions, 'recorder' | 'promote'> {
  /** Store of detached executions, and how this node runs them; absent if the executor has no store. */
  readonly detached?: {
    readonly store: ExecutionStore
    readonly maxRunning: number
    readonly parkAfterMs: number
    /** Milliseconds for which the guest of a durable session is kept after a step. */
    readonly evictAfterMs: number
    /** Whether attached executions are recorded in the store when they have ended. */
    readonly recordAttached: boolean
  }
}

/**
 * Creates the engine that runs executions in the given sandbox: attached ones in the memory of this node, and detached ones
 * that the store gives it.
 */
export function createEngine(options: EngineOptions): Engine {
  const { sandbox, callbackTransport, observer } = options
  const instance = createInstance()
  const pacer = new Pacer()
  const attachedSessions = new AttachedSessions({ now: () => Date.now() })
  const recorder = options.detached?.recordAttached
    ? new AttachedRecorder({
        store: options.detached.store,
        onDropped: (count) => observer.executionsNotRecorded(count),
      })
    : undefined
  const durable = options.detached && {
    store: options.detached.store,
    sessions: options.detached.store.sessions,
    guests: new WarmGuests(options.detached.evictAfterMs),
  }
  const sessions = new AllSessions(attachedSessions, durable)
  const detached =
    options.detached &&
    new DetachedExecutions({
      ...options.detached,
      guests: durable!.guests,
      sandbox,
      pacer,
      callbackTransport,
      node: instance.id,
      observer,
    })
  const promote = detached && { promote: detached.promote.bind(detached) }
  const attached = new AttachedExecutions(
    { ...options, ...promote, recorder },
    { instance, pacer, sessions: attachedSessions },
  )
  const executions = new ExecutionsList({
    attached: (tenant) => attached.list(tenant),
    store: options.detached?.store,
  })
  const replays = new Replays({ sandbox, attachedSessions, store: options.detached?.store })
  let isClosing = false

  function store(needs?: string): DetachedExecutions {
    if (detached === undefined) throw storeDisabled(needs)
    return detached
  }

  return {
    reading: () => instance.reading(),
    load() {
      const { running, queued, oldestQueuedMs } = attached.admission
      const leased = detached?.states() ?? []
      return {
        queued,
        oldestQueuedMs,
        inFlight: { attached: running, detached: leased.length },
        waiting: countWaiting([...attached.states(), ...leased]),
      }
    },
    submit(submission) {
      // An attached execution notifies only after it has become a detached one.
      if (submission.request.notify !== undefined) store()
      return attached.submit(submission)
    },
    async submitDetached(submission, session) {
      if (isClosing) throw shuttingDown()
      return store().submit(submission, session)
    },
    async retry(id, retry) {
      if (isClosing) throw shuttingDown()
      const executions = store('Retries need')
      const { tenant } = retry.principal
      const inMemory = attached.find(tenant, id)
      return executions.retry(inMemory?.isPromoted === false ? inMemory : await executions.find(tenant, id), retry)
    },
    replay: (tenant, execution, signal) => replays.replay(tenant, execution, signal),
    wake: async (tenant, id) => store().wake(tenant, id),
    find(tenant, id) {
      const execution = attached.find(tenant, id)
      if (execution !== undefined && !execution.isPromoted) return execution
      if (detached === undefined) throw notFound(id)
      return detached.find(tenant, id)
    },
    sessions,
    decide: async (submission) => store('Approvals need').decide(submission),
    listApprovals: async (tenant, listOptions) => store('Approvals need').listApprovals(tenant, listOptions),
    setCallback: async (tenant, id, callback) => store().setCallback(tenant, id, callback),
    list: (tenant, listOptions) => executions.list(tenant, listOptions),
    count: (tenant, countOptions) => executions.count(tenant, countOptions),
    listNotifications: async (tenant, listOptions) => store().listNotifications(tenant, listOptions),
    resendNotification: async (tenant, id) => store().resendNotification(tenant, id),
    get readiness() {
      if (isClosing) return 'shutting-down'
      return sandbox.ready ? 'ready' : 'no-sandbox-process'
    },
    async close({ drainMs }) {
      isClosing = true
      await Promise.all([attached.close({ drainMs }), detached?.close()])
      attachedSessions.close()
      durable?.guests.close()
      await recorder?.close()
    },
  }
}

function storeDisabled(needs = 'Detached executions and notifications need'): RequestError {
  return new RequestError('STORE_DISABLED', `${needs} a store, and this executor has none (CODEMODE_STORE=none).`, {
    suggestion: 'Remove CODEMODE_STORE=none from the configuration of the executor, or omit detached and notify.',
  })
}
