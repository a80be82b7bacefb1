import type { PreparedStep } from '../../../guest-boundary.ts'
import type { Analysis } from '../analysis.ts'
import { checkCompilation } from '../compile-check.ts'
import type { Understood } from '../dialects.ts'
import { type WatchedCode, watchDiscarded } from '../discarded-promises.ts'
import { noValueOfStep } from '../no-value.ts'
import type { AnyNode } from '../patterns.ts'
import { type CheckBody, checkBody, prefixShiftOf, prepared, prepareWith, refuseModules } from '../prepare-source.ts'
import { type ValuedCode, type ValueRules, withValue } from '../value.ts'
import { guardBlockFunctions } from './block-functions.ts'
import { assignConstants } from './constants.ts'
import { assignDeclarations } from './declarations.ts'
import { applyEdits, type Edit, editOrder, insertion } from './edits.ts'
import { helperNames, type KnownVariables } from './step-names.ts'
import { readStepProgram } from './step-program.ts'

/** Name of the function that watches discarded promises. It is that of all steps, because their functions stay. */
export const watchName = '$watch'

const valueOfStep: ValueRules = { callsDeclaredFunction: false, resultDeclaration: '', noValueOf: noValueOfStep }

/**
 * Turns the code of a step into the body of an async function that returns its value, and whose variables are properties
 * of the global object. `known` are the variables that the steps before it declare. V8 does not compile the body here:
 * the guest does, and if it can't, `checkStep` knows the reason.
 */
export function prepareStep(code: string, known: KnownVariables): PreparedStep {
  return prepareWith(
    compileWith(known, () => undefined),
    code,
  )
}

/** Does the same, and has V8 compile the body. */
export function checkStep(code: string, known: KnownVariables): PreparedStep {
  return prepareWith(compileWith(known, checkCompilation), code)
}

function compileWith(known: KnownVariables, check: CheckBody) {
  return (original: string, understood: Understood): PreparedStep => {
    const { code, program } = understood
    const prefixShift = prefixShiftOf(original, understood)
    refuseModules(understood, prefixShift)
    const { analysis, result } = resultRule(understood, known)
    const valued = withValue(code, program, analysis, valueOfStep)
    const watched = watchDiscarded(valued.code, program, valued.insertions[0]?.offset, nameInSession)
    const step = readStepProgram(program)
    const helpers = helperNames(step.dollarNames)
    const { names, edits, prologue, locals, mistakes } = assignDeclarations(code, step.declarations, helpers)
    const kinds = new Map(known)
    for (const { name, kind } of names) kinds.set(name, kind)
    const isLocal = (name: string) => locals.has(name) || step.locals.has(name)
    const all: Edit[] = [
      ...edits,
      ...assignConstants(valued.code, step.writes, {
        isConstant: (name) => kinds.get(name) === 'const' && !isLocal(name),
        object: helpers.constants,
      }),
      ...guardBlockFunctions(step.blockFunctions, (name) => kinds.has(name)),
      ...insertedBy(watched, valued),
    ]
    if (prologue !== '')
      all.push(insertion(startOf(program.body as unknown as AnyNode[]), `;${prologue}`, editOrder.prologue))
    const { body, shifts: own } = applyEdits(valued.code, all)
    const shifts = [...own, ...prefixShift]
    checkBody(check, body, shifts)
    const found = mistakes.length === 0 ? analysis.mistakes : [...mistakes, ...analysis.mistakes]
    return {
      ...prepared(
        { body, shifts, valued, watched },
        { ...understood, analysis: { ...analysis, mistakes: found } },
        prefixShift,
      ),
      declares: names,
      constants: helpers.constants,
      functions: helpers.functions,
      ...(result && { result }),
    }
  }
}

/**
 * Returns the facts about a step for its value: an undeclared `result` is the value only if no earlier step has declared
 * the name. What it was before the step does not count, unless the step surely assigns it.
 */
function resultRule(
  { program, analysis }: Understood,
  known: KnownVariables,
): { analysis: Analysis; result: 'kept' | 'fresh' | undefined } {
  const { declaresResult, assignsUndeclaredResult, assignsGlobalResult } = analysis
  if (declaresResult || (!assignsUndeclaredResult && !assignsGlobalResult)) return { analysis, result: undefined }
  if (known.has('result')) {
    return { analysis: { ...analysis, assignsUndeclaredResult: false, assignsGlobalResult: false }, result: undefined }
  }
  return { analysis, result: (program.body as unknown as AnyNode[]).some(assignsResult) ? 'kept' : 'fresh' }
}

/** Returns whether a statement is an assignment to `result`. */
function assignsResult({ type, expression }: AnyNode): boolean {
  if (type !== 'ExpressionStatement') return false
  const { operator, left } = expression as AnyNode
  return operator === '=' && (left as { readonly name?: string }).name === 'result'
}

function nameInSession(code: string): string | undefined {
  return code.includes(watchName) || code.includes('\\u') ? undefined : watchName
}

/** Returns the insertions for the value and for discarded promises as edits. */
function insertedBy(watched: WatchedCode, valued: ValuedCode): Edit[] {
  const edits = watched.insertions.map(({ offset, text }) =>
    insertion(offset, text, text.startsWith(',') ? editOrder.innerEnd : editOrder.innerStart),
  )
  for (const [n, { offset, text }] of valued.insertions.entries()) {
    const isStart = n === 0 && valued.insertions.length > 1
    edits.push(insertion(offset, text, isStart ? editOrder.outerStart : editOrder.outerEnd))
  }
  return edits
}

/** Returns the offset of the first statement that is no directive. */
function startOf(statements: readonly AnyNode[]): number {
  const first = statements.find(({ directive }) => directive === undefined)
  return first?.start ?? statements.at(-1)?.end ?? 0
}
