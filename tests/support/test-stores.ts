import type { ExecutionStore } from '../../packages/executor/src/store/execution-store.ts'
import { MemoryStore } from '../../packages/executor/src/store/memory-store.test-support.ts'

/** Store that the nodes of one test share. */
export interface TestStore extends AsyncDisposable {
  /** Opens the store as one node sees it. */
  connect(): Promise<ExecutionStore>
  /** Lets the store know that a node is gone, as it finds out by itself after a while. */
  kill(node: string): void
}

/** Stores over which tests of detached executions run. */
export const testStores: readonly { readonly store: string; open(this: void): Promise<TestStore> }[] = [
  { store: 'memory', open: async () => openMemoryStore() },
]

function openMemoryStore(): TestStore {
  const store = new MemoryStore()
  return {
    connect: async () => store,
    kill: (node) => store.kill(node),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
