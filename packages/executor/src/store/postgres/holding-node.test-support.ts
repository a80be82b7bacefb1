// Program of a test: a node that claims executions, appends an entry to each, and never ends them.
import { argv } from 'node:process'

import { answer, startStore, worker } from './postgres-store.test-support.ts'

const store = await startStore(argv[2] ?? '')
store.work(
  worker('holding', async (lease) => {
    await lease.append([answer(1)])
    console.log(lease.execution.facts.id)
    await new Promise(() => {})
  }),
)
console.log('ready')
