/** Environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Placeholder of a text that could not be expanded, with the reason. */
export interface Unexpanded {
  readonly problem: string
  /** Name of the variable, if the reason is that it is not set. */
  readonly variable?: string
}

const placeholder = /\$\$\{|\$\{(?:(?<name>[A-Za-z_]\w*)(?<orElse>:-(?<fallback>(?:[^$}]|\$+[^${}])*\$*))?\})?/g

/**
 * Replaces the placeholders of a text by variables: `${NAME}`, or `${NAME:-default}`; `$${` stands for `${`. An empty
 * variable counts as not set. The value of a variable is not expanded again.
 */
export function expandVariables(text: string, env: Environment): { text: string; unexpanded: Unexpanded[] } {
  const unexpanded: Unexpanded[] = []
  const expanded = text.replaceAll(placeholder, (found: string, ...rest: unknown[]) => {
    if (found === '$${') return '${'
    const { name: variable, fallback } = rest.at(-1) as { name?: string; fallback?: string }
    if (variable === undefined) {
      unexpanded.push({ problem: 'a placeholder must be ${NAME} or ${NAME:-default}' })
      return found
    }
    const value = (Object.hasOwn(env, variable) && env[variable]) || fallback
    if (value === undefined) unexpanded.push({ problem: `the variable ${variable} is not set`, variable })
    return value ?? found
  })
  return { text: expanded, unexpanded }
}
