import type { Deliver, PreparedSource, StartSpec } from '../guest-boundary.ts'
import type { ExecutionSpec, GuestDelivery, SessionVariable } from '../protocol.ts'
import { prepareSource, prepareUncompiledSource } from './source/prepare-source.ts'
import { RecentSources } from './source/recent-sources.ts'

/** Code that a guest runs: that of an execution, or the steps of a session. */
export interface GuestCode {
  /** Limit of a turn's output, in UTF-16 units. */
  readonly maxOutputLength: number
  /** Returns the arguments for the runtime. Throws `ParserBrokenError` if this process can't prepare the code. */
  argumentsOf(delivery: GuestDelivery): Parameters<Deliver>
  /** Returns what the host finds in code that did not compile. Throws `ParserBrokenError` likewise. */
  sourceThatFailed(): PreparedSource
  /** Steps of the guest, if it is a session. */
  readonly steps?: GuestSteps
}

/** Steps of a session, from which its guest's turns learn what begins and ends with them. */
export interface GuestSteps {
  /** Returns the arguments for the runtime that end a step. */
  endAt(at: number): Parameters<Deliver>
  /** Returns the variables that exist, without those of these names. */
  variables(absent: readonly string[]): SessionVariable[]
  /** Forgets what the current step declares, because the guest has declared nothing. */
  undeclare(): void
}

/** Memo of this process, which serves one tenant. */
const recentSources = new RecentSources(prepareUncompiledSource)

/** Code of an execution. */
export class ExecutionCode implements GuestCode {
  readonly #spec: ExecutionSpec

  constructor(spec: ExecutionSpec) {
    this.#spec = spec
  }

  get maxOutputLength(): number {
    return this.#spec.limits.journalBytes
  }

  argumentsOf(delivery: GuestDelivery): Parameters<Deliver> {
    return delivery.kind === 'start'
      ? ['start', delivery.at, 0, true, this.#startText(), this.#spec.input]
      : argumentsWithinCode(delivery)
  }

  sourceThatFailed(): PreparedSource {
    return prepareSource(this.#spec.code)
  }

  /** Returns the spec as JSON. The input is left out because it would have to be escaped and parsed twice. */
  #startText(): string {
    const { code, context, config, limits, seed, tools } = this.#spec
    const source = recentSources.prepare(code)
    return JSON.stringify({ source, context, config, limits, seed, tools } satisfies StartSpec)
  }
}

/** Returns the arguments of a delivery to code that is running. */
export function argumentsWithinCode(delivery: GuestDelivery): Parameters<Deliver> {
  switch (delivery.kind) {
    case 'answer':
      return ['answer', delivery.at, delivery.call, delivery.ok, delivery.text, '']
    case 'tick':
      return ['tick', delivery.at, 0, true, '', '']
    default:
      throw new Error(`A guest of another kind gets the delivery ${delivery.kind}`)
  }
}
