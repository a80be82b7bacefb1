/** Analyses the time that regular expressions take in the worst case; more than linear is a problem. */
import process from 'node:process'

import { checkSync, type Diagnostics } from 'recheck'

import type { AllowedRegex } from './allowed.ts'
import type { FoundRegex } from './find-regexes.ts'

/**
 * Parameters of the exact analysis, large enough for repetitions such as `{16,512}`. Patterns that it does not support,
 * such as lookaheads, are fuzzed with a fixed seed. The analysis counts steps and not time, so that its result does not
 * depend on the machine.
 */
const parameters = {
  maxRepeatCount: 600,
  maxPatternSize: 5_000,
  randomSeed: 1,
  attackLimit: 10_000_000,
  attackTimeout: null,
  incubationTimeout: null,
  timeout: null,
}

/** Maximum number of characters of an attack string in a message. */
const maxShownLength = 120

/** Returns the problems of the regular expressions, one line each, and those of the allow-list. */
export function regexProblems(found: readonly FoundRegex[], allowed: readonly AllowedRegex[]): string[] {
  const problemByRegex = new Map<string, string | undefined>()
  const problems: string[] = []
  const used = new Set<AllowedRegex>()
  for (const regex of found) {
    const key = JSON.stringify([regex.pattern, regex.flags])
    if (!problemByRegex.has(key)) problemByRegex.set(key, problemOf(regex))
    const problem = problemByRegex.get(key)
    if (problem === undefined) continue
    const exception = allowed.find(({ path, text }) => path === regex.path && text === regex.text)
    if (exception === undefined) problems.push(`${regex.path}:${regex.line}: ${regex.text} ${problem}`)
    else used.add(exception)
  }
  for (const entry of allowed) {
    if (!used.has(entry)) problems.push(`${entry.path}: ${entry.text} is not needed on the allow-list; remove it`)
  }
  return problems
}

function problemOf({ pattern, flags }: FoundRegex): string | undefined {
  if (pattern === undefined) return 'is made at run time: write it as a literal, or allow it with a reason'
  // recheck exists as JavaScript, as a binary and as a Java program; only the JavaScript is installed.
  process.env['RECHECK_BACKEND'] = 'pure'
  const diagnostics = checkSync(pattern, flags, parameters)
  return explanationOf(diagnostics)
}

function explanationOf(diagnostics: Diagnostics): string | undefined {
  switch (diagnostics.status) {
    case 'safe':
      return undefined
    case 'vulnerable': {
      const { complexity, attack } = diagnostics
      return `takes ${complexity.summary} time, for example with ${attack.pattern.slice(0, maxShownLength)}`
    }
    case 'unknown':
      return `can't be analysed (${diagnostics.error.kind}): rewrite it, or allow it with a reason`
  }
}
