import type { SessionStep } from '@codemode/shared'

/** Returns the code of steps in their order, each under a comment with its number, and with its status unless it completed. */
export function currentScript(steps: readonly SessionStep[]): string {
  return steps.map((step) => `// Step ${step.number}${noteOf(step)}\n${step.code}\n`).join('\n')
}

function noteOf({ status, stateKept }: SessionStep): string {
  if (status === 'completed') return ''
  return ` (${status}${stateKept === false ? ', left out of the state' : ''})`
}
