import type { SessionStore } from './session-store.ts'

interface DeferredSessionsOptions {
  /** Resolves with the sessions of the store, which is started if need be. */
  ready(this: void): Promise<SessionStore>
  /** Resolves as `ready` does; with undefined if the store was never started, so that it has no sessions. */
  readyUnlessEmpty(this: void): Promise<SessionStore | undefined>
}

/** Returns the sessions of a store that is started later. The first session starts it. */
export function deferredSessions({ ready, readyUnlessEmpty }: DeferredSessionsOptions): SessionStore {
  return {
    create: async (facts) => (await ready()).create(facts),
    find: async (tenant, id) => (await readyUnlessEmpty())?.find(tenant, id),
    list: async (tenant, options) => (await readyUnlessEmpty())?.list(tenant, options) ?? [],
    steps: async (tenant, id) => (await readyUnlessEmpty())?.steps(tenant, id) ?? [],
    addStep: async (...step) => (await readyUnlessEmpty())?.addStep(...step) ?? { type: 'no-session' },
    fork: async (...fork) => (await readyUnlessEmpty())?.fork(...fork) ?? { type: 'no-session' },
    reset: async (tenant, id) => (await readyUnlessEmpty())?.reset(tenant, id),
    end: async (tenant, id) => (await readyUnlessEmpty())?.end(tenant, id) ?? false,
    journalsBefore: async (tenant, executionId) => (await ready()).journalsBefore(tenant, executionId),
  }
}
