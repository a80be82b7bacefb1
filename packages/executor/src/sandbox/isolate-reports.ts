/** Milliseconds between reports of a sandbox process on its isolates. */
export const isolateReportIntervalMs = 5_000
/** Number of reports that may come early, because the executor reads them late. */
const maxEarly = 10

/** Number of isolates that are ready for a guest: those that have never had one, and those that have had one. */
export interface IsolateCounts {
  readonly unused: number
  readonly used: number
}

/** Reports of one sandbox process on its isolates, as the executor receives them. */
export class IsolateReports {
  readonly #now: () => number
  readonly #since: number
  #received = 0
  #last: IsolateCounts = { unused: 0, used: 0 }

  /** Creates the reports of a process that starts now. `now` is a clock in milliseconds. */
  constructor(now = () => performance.now()) {
    this.#now = now
    this.#since = now()
  }

  /** Numbers of the last report; zeros before the first one. */
  get last(): IsolateCounts {
    return this.#last
  }

  /** Takes a report. Throws if there are more of them than the process sends in this time. */
  receive({ unused, used }: IsolateCounts): void {
    this.#received += 1
    if (this.#received > maxEarly + (this.#now() - this.#since) / isolateReportIntervalMs) {
      throw new Error(`the process has reported its isolates ${this.#received} times, which is too often`)
    }
    this.#last = { unused, used }
  }
}
