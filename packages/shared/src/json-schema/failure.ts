/**
 * Reasons for which a value does not match. They are collected during evaluation, and written out only if they are
 * reported.
 */
/** Location of a value in the instance. */
interface Location {
  path(): (string | number)[]
}

export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Maximum number of reasons that are reported of one value. Evaluation of its items ends at this number. */
export const maxIssues = 100

/** Maximum number of alternatives whose reasons are in the message of one `anyOf` or `oneOf`. */
const maxAlternativesShown = 5

/** Distance of a value from a schema, besides the number of reasons; less is nearer. */
const distance = { near: 0, incomplete: 1, otherTag: 2, otherConstant: 3, otherType: 4 } as const
type Distance = (typeof distance)[keyof typeof distance]

const none: readonly Failure[] = []

/** Reason for which a value does not match, or several in `parts`. */
export class Failure {
  readonly location: Location
  readonly message: string
  readonly distance: Distance
  /** Number of reasons, at most `maxIssues`. */
  readonly count: number
  readonly parts: readonly Failure[]
  /** Reasons of some branches of an `anyOf` or `oneOf` of which none is near. */
  readonly alternatives: readonly Failure[]
  /** Number of all branches of the `anyOf` or `oneOf`. */
  readonly branchCount: number

  constructor(
    location: Location,
    message: string,
    more: Partial<Pick<Failure, 'distance' | 'parts' | 'alternatives' | 'branchCount'>> = {},
  ) {
    this.location = location
    this.message = message
    this.distance = more.distance ?? distance.near
    this.parts = more.parts ?? none
    this.alternatives = more.alternatives ?? none
    this.branchCount = more.branchCount ?? 0
    let count = this.parts.length === 0 ? 1 : 0
    for (const part of this.parts) count += part.count
    this.count = Math.min(count, maxIssues)
  }

  /** Whether the value has another type, or is another constant, than the schema expects. */
  get isOtherKind(): boolean {
    return this.distance >= distance.otherConstant
  }
}

export const failure = (at: Location, message: string): Failure => new Failure(at, message)

export const otherType = (at: Location, message: string): Failure =>
  new Failure(at, message, { distance: distance.otherType })

export const otherConstant = (at: Location, message: string): Failure =>
  new Failure(at, message, { distance: distance.otherConstant })

/** Returns the reason for a missing property that the schema requires. */
export const incomplete = (at: Location, message: string): Failure =>
  new Failure(at, message, { distance: distance.incomplete })

/** Joins reasons of two keywords of one schema. */
export function joined(one: Failure, other: Failure): Failure {
  if (one === other || one.count >= maxIssues) return one
  const greater = one.distance > other.distance ? one.distance : other.distance
  return new Failure(one.location, '', { parts: [one, other], distance: greater })
}

/** Collects the reasons of the properties or items of a value. */
export class ChildFailures {
  readonly #at: Location
  readonly #parts: Failure[] = []
  #count = 0
  #distance: Distance = distance.near

  constructor(at: Location) {
    this.#at = at
  }

  /** Adds the reasons of a child. Returns whether the maximum number of reasons is reached. */
  add(failed: Failure): boolean {
    this.#parts.push(failed)
    this.#count += failed.count
    // A property with another constant distinguishes kinds of objects.
    if (failed.distance === distance.otherConstant) this.#distance = distance.otherTag
    return this.#count >= maxIssues
  }

  failure(): Failure | undefined {
    const [first] = this.#parts
    if (first === undefined) return undefined
    return new Failure(this.#at, '', { parts: this.#parts, distance: this.#distance })
  }
}

/** Returns the reasons of the nearest branch; those of all branches if none is near. */
export function closest(at: Location, branches: readonly Failure[]): Failure {
  let nearest = branches[0]
  if (nearest === undefined) return failure(at, 'matches none of the alternatives: there is none')
  let isSingle = true
  for (const branch of branches.slice(1)) {
    const difference = branch.distance - nearest.distance || branch.count - nearest.count
    if (difference <= 0) isSingle = difference < 0
    if (difference < 0) nearest = branch
  }
  const isNear = nearest.distance === distance.near || (nearest.distance === distance.incomplete && isSingle)
  if (branches.length === 1 || isNear) return nearest
  // Alternatives of alternatives are flattened. One more than are shown is kept, so that the message says that there
  // are more.
  const alternatives: Failure[] = []
  for (const branch of branches) {
    if (alternatives.length > maxAlternativesShown) break
    if (branch.alternatives.length > 0) alternatives.push(...branch.alternatives)
    else alternatives.push(branch)
  }
  return new Failure(at, '', { distance: nearest.distance, alternatives, branchCount: branches.length })
}

/** Returns the first `maxIssues` reasons as issues. */
export function issuesOf(whole: Failure): Issue[] {
  const issues: Issue[] = []
  const open = [whole]
  for (let failed = open.pop(); failed !== undefined && issues.length < maxIssues; failed = open.pop()) {
    if (failed.parts.length > 0) open.push(...failed.parts.toReversed())
    else issues.push({ path: failed.location.path(), message: messageOf(failed) })
  }
  return issues
}

function messageOf(failed: Failure): string {
  if (failed.alternatives.length === 0) return failed.message
  const base = failed.location.path().length
  const reasons = new Set(failed.alternatives.map((alternative) => reasonOf(firstOf(alternative), base)))
  const shown = [...reasons].slice(0, maxAlternativesShown)
  const rest = reasons.size > shown.length ? ', or others' : ''
  return `matches none of ${failed.branchCount} alternatives: ${shown.join(', or ')}${rest}`
}

/**
 * Returns the first of the reasons with the greatest distance, which say most about the kind of value that is expected.
 */
function firstOf(failed: Failure): Failure {
  let first = failed
  while (first.parts.length > 0)
    first = first.parts.reduce((one, other) => (other.distance > one.distance ? other : one))
  return first
}

function reasonOf(failed: Failure, base: number): string {
  const { location } = failed
  const message = failed.alternatives.length > 0 ? 'matches none of its alternatives' : failed.message
  const below = location.path().slice(base)
  if (below.length === 0) return message
  return `${below.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')} ${message}`
}
