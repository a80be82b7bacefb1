import type { RunnableStep } from '../guest-boundary.ts'
import { defineHidden } from './define.ts'
import type { Ending } from './ending.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import type { SessionVariables } from './session-variables.ts'
import { mainWithHelpers } from './source.ts'
import type { RuntimeState } from './state.ts'

/** Name of the function that watches discarded promises; the same in all steps, because their functions stay. */
const watchName = '$watch'

interface StepCodeHost {
  readonly ending: Ending
  readonly watch: PromiseWatch
  readonly variables: SessionVariables
}

/** Step that is compiled. */
interface CompiledStep {
  readonly source: RunnableStep
  readonly main: (...helpers: readonly unknown[]) => unknown
}

/** Creates the functions that compile and run the code of steps. It must be called before user code runs. */
export function createStepCode(p: Primordials, state: RuntimeState, { ending, watch, variables }: StepCodeHost) {
  const { constants, setFunction } = variables
  const discard = state.rare('createDiscard')(p, watch, { name: watchName, forEach: true })
  let current: RunnableStep | undefined

  return {
    mainOfStep: ({ body, constants: object, functions }: RunnableStep, name: string) =>
      mainWithHelpers(p, body, { parameters: `${watchName},${object},${functions}`, name }),
    /** Runs a step. Its outcome counts only while it is the current one. */
    run({ source, main }: CompiledStep): void {
      current = source
      const body = main(discard, constants, setFunction) as () => unknown
      const promise = p.ReflectApply(body, undefined, []) as Promise<unknown>
      // `then` looks up the promise's constructor, which user code may have replaced.
      defineHidden(p, promise, 'constructor', undefined)
      void p.promiseThen(
        promise,
        (value) => {
          if (current === source) ending.returned(value, source.warning)
        },
        (thrown) => {
          if (current === source) ending.threw(thrown)
        },
      )
    },
  }
}
