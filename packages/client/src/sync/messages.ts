/** Messages between the thread that blocks and the one that works for it. */
import type { MessagePort } from 'node:worker_threads'

import type { ClientConfig } from '../config/schema.ts'
import type { Crossing } from '../errors/transfer.ts'
import type { ExecuteOptions } from '../execute-options.ts'
import type { ExecutionResult } from '../execution-result.ts'

/** Data that the thread starts with. */
export interface ThreadData {
  readonly config: ClientConfig
  readonly port: MessagePort
  /** Counts the answers; the blocked thread waits for it to change. */
  readonly answers: Int32Array<SharedArrayBuffer>
}

export interface Job {
  readonly code: string
  readonly options: ExecuteOptions
}

export type Answer =
  /** A result, with what handlers threw in the thread, by the id of the call. */
  | {
      readonly type: 'result'
      readonly result: ExecutionResult
      readonly handlerErrors: ReadonlyMap<string, Crossing>
    }
  | { readonly type: 'error'; readonly error: Crossing }
  /** The thread ends; `error` is what nobody caught, if that is why. */
  | { readonly type: 'exit'; readonly exitCode: number; readonly error?: Crossing | undefined }
