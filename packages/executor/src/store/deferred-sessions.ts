import type { SessionStore } from './session-store.ts'

interface DeferredSessionsOptions {
  /** Returns the sessions of the store, once it has started. */
  readonly ready: () => Promise<SessionStore>
  /** Whether nothing can be stored, because the store was never started. */
  readonly isEmpty: () => boolean
}

/** Returns the sessions of a store that is started later, or by the first one. */
export function deferredSessions({ ready, isEmpty }: DeferredSessionsOptions): SessionStore {
  return {
    create: async (facts) => (await ready()).create(facts),
    find: async (tenant, id) => (isEmpty() ? undefined : (await ready()).find(tenant, id)),
    list: async (tenant, options) => (isEmpty() ? [] : (await ready()).list(tenant, options)),
    steps: async (tenant, id) => (isEmpty() ? [] : (await ready()).steps(tenant, id)),
    addStep: async (sessionId, execution, bounds) =>
      isEmpty() ? { type: 'no-session' } : (await ready()).addStep(sessionId, execution, bounds),
    fork: async (tenant, id, fork) => (isEmpty() ? { type: 'no-session' } : (await ready()).fork(tenant, id, fork)),
    reset: async (tenant, id) => (isEmpty() ? undefined : (await ready()).reset(tenant, id)),
    end: async (tenant, id) => (isEmpty() ? undefined : (await ready()).end(tenant, id)),
    journalsBefore: async (tenant, executionId) =>
      isEmpty() ? [] : (await ready()).journalsBefore(tenant, executionId),
  }
}
