import { existsSync } from 'node:fs'
import { execArgv } from 'node:process'
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Job, WorkerAnswer, WorkerInput } from './worker-messages.ts'

/** Returns the worker's file. Throws a ConfigurationError if a bundler left it out. */
function findMainFile(): URL {
  // A bundler that makes CommonJS may leave a module without its URL.
  const here = import.meta.url as string | undefined
  // Sources run unbuilt.
  const file = here === undefined ? here : new URL(`worker-main${here.endsWith('.ts') ? '.ts' : '.js'}`, here)
  if (file === undefined || !existsSync(file)) throw missingMainFile()
  return file
}

/**
 * Returns the option `execArgv` of the worker. Without the option, a worker inherits the flags of the process; but one
 * that is started from a file refuses `--input-type`, which belongs to `--eval`. In that case only the flags for
 * imports and proxies are kept.
 */
function workerFlags(): { execArgv?: string[] } {
  if (!execArgv.some((flag) => flag.startsWith('--input-type'))) return {}
  return {
    execArgv: execArgv.filter((flag, index) => {
      const [name = ''] = flag.split('=')
      return importFlags.has(name) || importFlags.has(execArgv[index - 1] ?? '') || proxyFlags.has(name)
    }),
  }
}

const importFlags: ReadonlySet<string> = new Set(['--conditions', '--import', '--require', '-C', '-r'])
const proxyFlags: ReadonlySet<string> = new Set(['--use-env-proxy', '--no-use-env-proxy'])

/** Worker thread that runs jobs while the calling thread blocks. It does not keep the process alive. */
export class WorkerThread {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #answers = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #hasEnded = false

  constructor(config: WorkerInput['config']) {
    const mainFile = findMainFile()
    const { port1, port2 } = new MessageChannel()
    const workerData: WorkerInput = { config, port: port2, answers: this.#answers }
    this.#port = port1
    this.#worker = new Worker(mainFile, {
      name: 'codemode.execute',
      ...workerFlags(),
      workerData,
      transferList: [port2],
    })
    this.#worker.unref()
    // The worker reports its end as an answer; without a listener, its error would be uncaught in this thread too.
    this.#worker.on('error', () => {})
    this.#worker.on('exit', () => (this.#hasEnded = true))
  }

  /** Returns whether the worker has ended, even if this thread's event loop has not yet delivered its `exit` event. */
  hasEnded(): boolean {
    this.#hasEnded ||= this.#receive() !== undefined
    return this.#hasEnded
  }

  /** Sends a job and blocks until the worker has answered. Returns undefined after `timeoutMs` milliseconds. */
  sendAndWait(job: Job, timeoutMs: number): WorkerAnswer | undefined {
    const answered = Atomics.load(this.#answers, 0)
    // The worker may have ended just now. Answers after the load above change the counter and so end the wait.
    const ended = this.#receive()
    if (ended !== undefined) return ended
    // A message port has no target origin.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#port.postMessage(job)
    Atomics.wait(this.#answers, 0, answered, timeoutMs)
    return this.#receive()
  }

  async end(): Promise<void> {
    this.#hasEnded = true
    await this.#worker.terminate()
  }

  #receive(): WorkerAnswer | undefined {
    return receiveMessageOnPort(this.#port)?.message as WorkerAnswer | undefined
  }
}

function missingMainFile(): ConfigurationError {
  return new ConfigurationError(
    `execute() can't start its worker thread: a bundler left out the file sync/worker-main.js of @codemode/client. Mark the package as external.`,
    'esbuild main.js --bundle --platform=node --external:@codemode/client',
  )
}
