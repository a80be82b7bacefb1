import type { ExecutionStore, Lease, Worker, Working } from '../../packages/executor/src/store/execution-store.ts'
import type { CreateCallbackTransport } from '../../packages/executor/src/tools/transport.ts'

/** Step of a run that a fault may come before or after: an operation of its lease, or a call that reaches its tool. */
export type Step = 'append' | 'finish' | 'park' | 'release' | 'messages' | 'call'

/** Run of an execution under one lease. A run that is stopped has crashed: it does nothing more. */
export interface FaultyRun {
  readonly lease: Lease
  isStopped: boolean
  readonly stopped: PromiseWithResolvers<void>
}

/** Called when a step begins. Returns a function that says whether the run crashes before the step, or after it (`isDone`). */
export type BeginStep = (run: FaultyRun, step: Step) => (isDone: boolean) => boolean

/** Store whose runs crash by themselves, and the transport of their calls, which crash with them. */
export function faultyStore(store: ExecutionStore, beginStep: BeginStep) {
  /** Run whose transport is created next. */
  let starting: FaultyRun | undefined

  const during = async <Result>(run: FaultyRun, step: Step, perform: () => Promise<Result>): Promise<Result> => {
    const crashes = beginStep(run, step)
    await stopIf(run, run.isStopped || crashes(false))
    const result = await perform()
    await stopIf(run, run.isStopped || crashes(true))
    return result
  }

  const faultyLease = (run: FaultyRun): Lease => {
    const { lease } = run
    return {
      execution: lease.execution,
      header: lease.header,
      entries: lease.entries,
      epoch: lease.epoch,
      expiresInMs: lease.expiresInMs,
      confirm: () => lease.confirm(),
      onMessage: (listener) => lease.onMessage(listener),
      append: (...args) => during(run, 'append', () => lease.append(...args)),
      finish: (...args) => during(run, 'finish', () => lease.finish(...args)),
      park: (...args) => during(run, 'park', () => lease.park(...args)),
      release: () => during(run, 'release', () => lease.release()),
      messages: () => during(run, 'messages', () => lease.messages()),
    }
  }

  const work = (worker: Worker): Working =>
    store.work({
      node: worker.node,
      places: () => worker.places(),
      run(lease) {
        const run = { lease, isStopped: false, stopped: Promise.withResolvers<void>() }
        starting = run
        return Promise.race([worker.run(faultyLease(run)), run.stopped.promise])
      },
    })

  return {
    /** Store whose leases are faulty; all else is that of the given store. */
    store: new Proxy(store, {
      get(target, name) {
        if (name === 'work') return work
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),

    /** Returns the transport for a node that uses the store. `receive` is the tool server. */
    transport(receive: (run: FaultyRun, ...args: CallArguments) => ReturnType<Call>): CreateCallbackTransport {
      return () => {
        const run = starting!
        return { call: (...args) => during(run, 'call', () => receive(run, ...args)) }
      }
    },
  }
}

type Call = ReturnType<CreateCallbackTransport>['call']
type CallArguments = Parameters<Call>

/** Never resolves if the run crashes. */
async function stopIf(run: FaultyRun, isStopped: boolean): Promise<void> {
  if (!isStopped) return
  run.isStopped = true
  run.stopped.resolve()
  await new Promise(() => {})
}
