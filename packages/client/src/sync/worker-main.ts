/** Worker thread of `execute`: a client with the same configuration, which runs one job after the other. */
import process from 'node:process'
import { workerData } from 'node:worker_threads'

import { Codemode } from '../codemode.ts'
import { handlerErrorsOf } from '../errors/handler-errors.ts'
import { serializeError, type SerializedThrown } from '../errors/transfer.ts'
import { withRemoteParent } from '../insight/telemetry.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import type { Job, WorkerAnswer, WorkerInput } from './worker-messages.ts'

const { config, port, answers } = workerData as WorkerInput
let uncaught: unknown

function answer(message: WorkerAnswer): void {
  port.postMessage(message)
  Atomics.add(answers, 0, 1)
  Atomics.notify(answers, 0)
}

process.on('uncaughtExceptionMonitor', (error) => (uncaught = error))
process.on('exit', (exitCode) =>
  answer({ type: 'exit', exitCode, ...(uncaught !== undefined && { error: serializeError(uncaught) }) }),
)

const codemode = Codemode.fromClientConfig(config)

port.on('message', ({ code, options, trace }: Job) => {
  withRemoteParent(trace, () => codemode.run(code, options)).then(
    (result) => answer({ type: 'result', result, handlerErrors: serializedErrors(result) }),
    (error: unknown) => answer({ type: 'error', error: serializeError(error) }),
  )
})

function serializedErrors(result: ExecutionResult): Map<string, SerializedThrown> {
  const errors = result.success || result.status === 'paused' ? [] : [...handlerErrorsOf(result)]
  return new Map(errors.map(([callId, thrown]) => [callId, serializeError(thrown)]))
}
