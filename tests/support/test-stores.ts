import { startPostgres } from '@codemode/testkit'

import type { ExecutionStore } from '../../packages/executor/src/store/execution-store.ts'
import { MemoryStore } from '../../packages/executor/src/store/memory-store.test-support.ts'
import { PostgresStore } from '../../packages/executor/src/store/postgres/postgres-store.ts'

/** Store that the nodes of one test share. */
export interface TestStore extends AsyncDisposable {
  /** Opens the store as one node sees it. */
  connect(): Promise<ExecutionStore>
  /**
   * Lets the store know that a node is gone, as it finds out by itself after a while. Without effect in PostgreSQL: a node
   * that is closed in its place gives its executions back, and tests/durable kills processes.
   */
  kill(node: string): void
}

/** Stores over which tests of detached executions run. */
export const testStores: readonly { readonly store: string; open(this: void): Promise<TestStore> }[] = [
  { store: 'memory', open: async () => openMemoryStore() },
  { store: 'PostgreSQL', open: openPostgresStore },
]

/** Opens a store in the memory of this process. */
export function openMemoryStore(): TestStore {
  const store = new MemoryStore()
  return {
    connect: async () => store,
    kill: (node) => store.kill(node),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** Starts a server of its own. */
export async function openPostgresStore(): Promise<TestStore> {
  const server = await startPostgres()
  const stores: PostgresStore[] = []
  return {
    async connect() {
      const store = await PostgresStore.start({ url: server.url, onError() {} })
      stores.push(store)
      return store
    },
    kill() {},
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
      await server[Symbol.asyncDispose]()
    },
  }
}
