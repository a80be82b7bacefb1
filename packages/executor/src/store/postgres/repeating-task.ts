/** Milliseconds to the next run after one that failed, if the interval is not shorter. */
const retryMs = 500

interface RepeatingTaskOptions {
  readonly intervalMs: number
  readonly task: () => Promise<void>
  readonly onError: (error: unknown) => void
}

/** Task that runs again and again: an interval after its last run, or when it is woken. It never overlaps itself. */
export class RepeatingTask {
  readonly #options: RepeatingTaskOptions
  readonly #ended: Promise<void>
  #isWoken = false
  #isStopped = false
  #hasFailed = false
  #endWait = () => {}

  constructor(options: RepeatingTaskOptions) {
    this.#options = options
    this.#ended = this.#repeat()
  }

  /** Runs the task again at once, or after the run that is under way. It does not shorten the wait after a failure. */
  wake(): void {
    this.#isWoken = true
    if (!this.#hasFailed) this.#endWait()
  }

  /** Resolves when the run that is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#endWait()
    await this.#ended
  }

  async #repeat(): Promise<void> {
    const { intervalMs, task, onError } = this.#options
    while (!this.#isStopped) {
      this.#isWoken = false
      try {
        await task()
        this.#hasFailed = false
      } catch (error) {
        this.#hasFailed = true
        onError(error)
        if (!this.#isStopped) await this.#wait(Math.min(intervalMs, retryMs))
        continue
      }
      if (!this.#isWoken && !this.#isStopped) await this.#wait(intervalMs)
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
