import type { EndedExecution } from '@codemode/client'

/** Kinds of steps. All but the last two add themselves to the list of their session, whatever happens later in the step. */
const kinds = [
  'computes',
  'calls',
  'calls twice at once',
  'catches a failed call',
  'sleeps',
  'is parked',
  'fails',
  'calls and fails',
  'is cancelled',
  'has a syntax error',
] as const

/** Generated step of a session. */
export interface RandomStep {
  readonly kind: (typeof kinds)[number]
  /** Number of the step in its session, from 1. */
  readonly number: number
  readonly code: string
  /** Number of tool calls that the code makes. */
  readonly calls: number
}

/** First step of every session. The random value shows whether a rebuilt guest is the same. */
export const firstStep = 'let count = 0; const list = []; const seen = [Math.random(), crypto.randomUUID()]; count'

/** Returns a step that increments the counter of its session and adds its number to the list. */
export function randomStep(number: number, random: () => number): RandomStep {
  const kind = kinds[Math.floor(random() * kinds.length)]!
  const add = `count += 1; list.push(${number})`
  const call = (part: number): string => `tools.step({ step: ${number}, part: ${part}, seen })`
  const value = '[count, list.length]'
  const byKind: Record<RandomStep['kind'], { readonly code: string; readonly calls?: number }> = {
    computes: { code: `${add}; ${value}` },
    calls: {
      code: `count += 1; list.push((await ${call(1)}).step); await ${call(2)}; ${value}`,
      calls: 2,
    },
    'calls twice at once': { code: `${add}; await Promise.all([${call(1)}, ${call(2)}]); ${value}`, calls: 2 },
    'catches a failed call': {
      code: `try { await tools.step({ step: ${number}, part: 1, seen, fails: true }) } catch { ${add} }; ${value}`,
      calls: 1,
    },
    sleeps: { code: `${add}; await sleep(20); ${value}` },
    'is parked': { code: `${add}; await sleep(1_200); await ${call(1)}; ${value}`, calls: 1 },
    fails: { code: `${add}; throw new Error('planned')` },
    'calls and fails': {
      code: `${add}; await ${call(1)}; setTimeout(() => list.push('never'), 60_000); nothing()`,
      calls: 1,
    },
    'is cancelled': { code: `${add}; ${value}` },
    'has a syntax error': { code: `${add}; const = 1` },
  }
  const { code, calls = 0 } = byKind[kind]
  return { kind, number, code, calls }
}

/** Results of a session, compared with what its steps must do when they run once and in order. */
export interface ExpectedSession {
  /** List of the session after the steps. */
  readonly list: readonly number[]
  /** Steps with another result than the one that they must have. */
  readonly wrong: readonly { readonly step: RandomStep; readonly result: EndedExecution }[]
}

/** Returns the list that the steps of a session must have made, and the steps whose results are wrong. */
export function expectedOf(steps: readonly RandomStep[], results: readonly EndedExecution[]): ExpectedSession {
  const list: number[] = []
  const wrong: { step: RandomStep; result: EndedExecution }[] = []
  for (const [index, step] of steps.entries()) {
    const result = results[index]!
    const hasRun = step.kind === 'is cancelled' ? hasTurn(result) : step.kind !== 'has a syntax error'
    if (hasRun) list.push(step.number)
    if (!isExpected(step, result, list.length)) wrong.push({ step, result })
  }
  return { list, wrong }
}

/**
 * Returns whether the only turn of a step has run. A cancellation comes before it, or too late, or after it: when the node
 * dies between the turn and the end of the step, the step ends as cancelled, and what its turn has done stays.
 */
function hasTurn({ session, usage }: EndedExecution): boolean {
  return session?.stateKept === true && usage.turns > 0
}

function isExpected({ kind }: RandomStep, result: EndedExecution, count: number): boolean {
  if (result.success) {
    const value = JSON.stringify(result.result)
    return value === JSON.stringify([count, count]) && !kind.endsWith('fails') && kind !== 'has a syntax error'
  }
  const { code, message } = result.error
  switch (kind) {
    case 'fails':
      return message.includes('planned')
    case 'calls and fails':
      return message.includes('nothing is not defined')
    case 'is cancelled':
      return code === 'CANCELLED'
    case 'has a syntax error':
      return code === 'SYNTAX_ERROR'
    default:
      return false
  }
}
