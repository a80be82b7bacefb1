import type { Deliver, PreparedStep, StepName, StepSpec, VariableKind } from '../guest-boundary.ts'
import type { GuestDelivery, GuestStep, SessionSpec, SessionVariable } from '../protocol.ts'
import { argumentsWithinCode, type GuestCode, type GuestSteps } from './guest-code.ts'
import { checkStep, prepareStep } from './source/step/prepare-step.ts'

/**
 * Steps of a session. The kinds of its variables are kept here: they follow from the code of the steps, and the guest has no
 * influence on them.
 */
export class SessionCode implements GuestCode, GuestSteps {
  readonly #spec: SessionSpec
  readonly #kinds = new Map<string, VariableKind>()
  #step: GuestStep | undefined
  /** Kinds that the names of the current step had before it. */
  #before: readonly (readonly [string, VariableKind | undefined])[] = []

  constructor(spec: SessionSpec) {
    this.#spec = spec
  }

  get steps(): GuestSteps {
    return this
  }

  get maxOutputLength(): number {
    return this.#step?.limits.journalBytes ?? 0
  }

  argumentsOf(delivery: GuestDelivery): Parameters<Deliver> {
    if (delivery.kind === 'step') {
      const { step, at } = delivery
      return ['step', at, 0, true, this.#stepText(step), step.input]
    }
    return delivery.kind === 'end-step' ? this.endAt(delivery.at) : argumentsWithinCode(delivery)
  }

  endAt(at: number): Parameters<Deliver> {
    return ['end-step', at, 0, true, '', '']
  }

  undeclare(): void {
    for (const [name, kind] of this.#before) {
      if (kind === undefined) this.#kinds.delete(name)
      else this.#kinds.set(name, kind)
    }
    this.#before = []
  }

  sourceThatFailed(): PreparedStep {
    this.undeclare()
    const checked = checkStep(this.#step!.code, this.#kinds)
    if (checked.ok) this.#declare(checked.declares)
    return checked
  }

  variables(absent: readonly string[]): SessionVariable[] {
    const missing = new Set(absent)
    return [...this.#kinds].filter(([name]) => !missing.has(name)).map(([name, kind]) => ({ name, kind }))
  }

  #stepText(step: GuestStep): string {
    const { number, code, limits, seed, tools } = step
    const { context, config } = this.#spec
    const isFirst = this.#step === undefined
    const source = prepareStep(code, this.#kinds)
    this.#declare(source.ok ? source.declares : [])
    this.#step = step
    const spec: StepSpec = { number, source, limits, seed, tools, ...(isFirst && { session: { context, config } }) }
    return JSON.stringify(spec)
  }

  #declare(names: readonly StepName[]): void {
    this.#before = names.map(({ name }) => [name, this.#kinds.get(name)])
    for (const { name, kind } of names) this.#kinds.set(name, kind)
  }
}
