import type { Environment } from './env.ts'

/** What was wrong with a text, and where in it nothing could be put. */
export interface Unexpanded {
  readonly problem: string
  /** The variable that is missing, if that is what was wrong. */
  readonly variable?: string
}

const placeholder = /\$\$\{|\$\{(?:(?<name>[A-Za-z_]\w*)(?<orElse>:-(?<fallback>(?:[^$}]|\$+[^${}])*\$*))?\})?/g

/**
 * Puts variables into a text: `${NAME}`, or `${NAME:-what to take if it is not set}`; `$${` is `${` itself. An empty
 * variable counts as not set. What a variable holds is put in as it is, and is not expanded again.
 */
export function expandVariables(text: string, env: Environment): { text: string; unexpanded: Unexpanded[] } {
  const unexpanded: Unexpanded[] = []
  const expanded = text.replaceAll(placeholder, (found: string, ...rest: unknown[]) => {
    if (found === '$${') return '${'
    const { name: variable, fallback } = rest.at(-1) as { name?: string; fallback?: string }
    if (variable === undefined) {
      unexpanded.push({ problem: 'after ${ must come a variable and }, or a variable, :- and a default and }' })
      return found
    }
    const value = (Object.hasOwn(env, variable) && env[variable]) || fallback
    if (value === undefined) unexpanded.push({ problem: `the variable ${variable} is not set`, variable })
    return value ?? found
  })
  return { text: expanded, unexpanded }
}
