import { newExecutionId } from '@codemode/shared'
import { expect, test } from 'vitest'

import { LeaseLost, type Lease } from '../../execution-store.ts'
import { claimExecutions } from '../claim-executions.ts'
import { commitGroup, type Commit } from '../commit-group.ts'
import { wakeExpired, wakeForgotten } from '../maintenance.ts'
import { openParts, query, startStore, useServer, worker } from '../postgres-store.test-support.ts'
import { addStep, bounds, endStep, HoldingWorker, newSession, newStep, stepEnd } from './sessions.test-support.ts'

const servers = useServer()

test('the steps of a session run one after the other, each from the states that were kept before it', async () => {
  await using store = await startStore(await servers.createDatabase())
  const session = await newSession(store)
  const node = new HoldingWorker()
  store.work(node)
  const ids = [
    await addStep(store, session, 'a'),
    await addStep(store, session, 'b'),
    await addStep(store, session, 'c'),
  ]
  const [a, b, c] = ids as [string, string, string]

  const first = await node.take(a)
  expect(first.lease).toMatchObject({
    step: { session, isBlocked: false, stateOf: undefined },
    header: { code: 'a', session: { id: session, step: 1 } },
  })
  expect(await store.sessions.journalsBefore('acme', a)).toEqual([])
  await first.end()
  const second = await node.take(b)
  expect(second.lease.step).toMatchObject({ session, isBlocked: false, stateOf: a })
  await second.end({ stateKept: false })
  const third = await node.take(c)
  expect(third.lease.step).toMatchObject({ session, isBlocked: false, stateOf: a })
  const journals = await store.sessions.journalsBefore('acme', c)
  expect(journals).toMatchObject([{ header: { code: 'a', session: { step: 1 } }, entries: [{ text: 'a' }] }])
  expect(await store.sessions.find('acme', session)).toMatchObject({
    session: { steps: 3, pendingSteps: 1, sizeBytes: 200 },
  })
  await third.end({ variables: [] })

  expect(await store.sessions.steps('acme', session)).toEqual([
    { number: 1, executionId: a, status: 'completed', code: 'a', stateKept: true, variables: stepEnd.variables },
    { number: 2, executionId: b, status: 'completed', code: 'b', stateKept: false, variables: undefined },
    { number: 3, executionId: c, status: 'completed', code: 'c', stateKept: true, variables: [] },
  ])
  expect(node.untaken).toEqual([])
})
