import { connectAs } from '../support/connect-as.ts'
import type { ConsoleExecutor, Person } from '../support/console-executor.ts'
import { makeApprovals } from './approvals.ts'
import { makeEvicted } from './evictions.ts'
import { makeFailures } from './failures.ts'
import { hostileTools, makeHostile, makeHostileApprovals } from './hostile-content.ts'
import { makeLargeJournal } from './large-journal.ts'
import { makeMany } from './many-executions.ts'
import { makeNeedingAttention } from './needs-attention.ts'
import { makeByKilledNode } from './second-node.ts'
import { makeSessionSteps } from './session-steps.ts'
import { shopTools } from './shop-tools.ts'
import { makeAttachedSuccesses, makeDetached } from './successes.ts'
import { together } from './together.ts'

/** Ids of the executions that have a name. Disposing it closes the clients, which serve the tools until then. */
export type ConsoleData = Awaited<ReturnType<typeof makeConsoleData>>

/**
 * Makes the data of the console's tests by real executions; the rows of most of the `many` ones are copies, and the journal of
 * `entries` repeats a part of its own.
 */
export async function makeConsoleData(executor: ConsoleExecutor, { many = 10_000, entries = 20_000 } = {}) {
  await using starting = new AsyncDisposableStack()
  const connect = async (person: Person, tools: object) => {
    const connected = await connectAs(executor, person, tools)
    starting.use(connected.client)
    return connected
  }
  const { client: ada, config } = await connect('ada', shopTools)
  const { client: approver } = await connect('grace', {})
  const { client: mallory } = await connect('mallory', hostileTools)
  const { client: rival } = await connect('rival', {})

  // Until the second node is dead, it may run detached executions of others.
  const [killedNode, successes, failures, evicted, largeJournal, hostile, ofOthers] = await together([
    makeByKilledNode({ executor, clientConfig: config }),
    makeAttachedSuccesses(ada),
    makeFailures(ada),
    makeEvicted(ada),
    makeLargeJournal(ada, executor, entries),
    makeHostile(mallory),
    rival.run("return 'a secret of the rival'", { label: 'secret' }).then(({ executionId }) => executionId),
    makeMany(ada, executor, many),
  ])
  const [detached, approvals, attention, hostileApprovals, session] = await together([
    makeDetached(ada),
    makeApprovals({ client: ada, approver }, executor),
    makeNeedingAttention({ client: ada, approver }, executor),
    makeHostileApprovals(mallory),
    makeSessionSteps(ada),
    ada.getExecution(killedNode.takenOver).then((execution) => execution.wait()),
  ])
  const clients = starting.move()
  return {
    ...killedNode,
    ...attention,
    successes: { ...successes, ...detached },
    failures,
    approvals,
    session,
    evicted,
    largeJournal,
    hostile: { ...hostile, ...hostileApprovals },
    ofOthers,
    [Symbol.asyncDispose]: () => clients.disposeAsync(),
  }
}
