import type { Json } from '../json.ts'

import type { Budget } from './budget.ts'

/** Returns whether two JSON values are equal, in at most as many steps as the smaller one has values. */
export function isEqual(one: Json, other: Json): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
    return one.every((item, i) => isEqual(item, other[i]!))
  }
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key]!, other[key]!))
}

/** Steps of a check for the key text of a container, and for each of its children. */
const containerSteps = 20
const childSteps = 8

/**
 * Table of numbers that are equal for equal JSON values. Each value is visited once, so the cost is linear in the size.
 */
export class ValueIds {
  readonly #primitives = new Map<Json, number>()
  readonly #containers = new Map<string, number>()
  readonly #known = new Map<object, number>()

  idOf(value: Json, budget: Budget): number {
    if (typeof value !== 'object' || value === null) {
      budget.spend(childSteps + (typeof value === 'string' ? value.length / 16 : 0))
      return idIn(this.#primitives, value)
    }
    const known = this.#known.get(value)
    if (known !== undefined) return known
    budget.spend(containerSteps)
    budget.descend()
    const text = Array.isArray(value) ? this.#arrayText(value, budget) : this.#objectText(value, budget)
    budget.ascend()
    // Ids of containers are negative, so that they differ from those of primitives.
    const id = -1 - idIn(this.#containers, text)
    this.#known.set(value, id)
    return id
  }

  #arrayText(array: readonly Json[], budget: Budget): string {
    return `[${array.map((item) => this.idOf(item, budget)).join()}`
  }

  #objectText(object: { readonly [key: string]: Json }, budget: Budget): string {
    const keys = Object.keys(object).sort()
    return `{${keys.map((key) => `${this.idOf(key, budget)}:${this.idOf(object[key]!, budget)}`).join()}`
  }
}

function idIn<Key>(ids: Map<Key, number>, key: Key): number {
  let id = ids.get(key)
  if (id === undefined) ids.set(key, (id = ids.size))
  return id
}
