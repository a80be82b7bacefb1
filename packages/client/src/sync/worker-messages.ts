/** Messages between the blocked thread of `execute` and its worker thread. */
import type { MessagePort } from 'node:worker_threads'

import type { ClientConfig } from '../config/schema.ts'
import type { SerializedThrown } from '../errors/transfer.ts'
import type { ExecuteOptions } from '../run/execute-options.ts'
import type { ExecutionResult } from '../run/execution-result.ts'

/** `workerData` of the worker thread. */
export interface WorkerInput {
  readonly config: ClientConfig
  readonly port: MessagePort
  /** Counter of answers, on which the blocked thread waits with `Atomics.wait`. */
  readonly answers: Int32Array
}

/** Code to run, with its options. */
export interface Job {
  readonly code: string
  readonly options: ExecuteOptions
  /** Headers that propagate the trace of the blocked thread. */
  readonly trace: Readonly<Record<string, string>>
}

/** Answer of the worker thread to a job, or its end. */
export type WorkerAnswer =
  /** Result, with the values that handlers threw in the thread, by call id. */
  | {
      readonly type: 'result'
      readonly result: ExecutionResult
      readonly handlerErrors: ReadonlyMap<string, SerializedThrown>
    }
  | { readonly type: 'error'; readonly error: SerializedThrown }
  /** End of the thread; `error` is the uncaught error that ended it, if any. */
  | { readonly type: 'exit'; readonly exitCode: number; readonly error?: SerializedThrown | undefined }
