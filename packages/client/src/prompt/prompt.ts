import type { ToolDeclaration } from '@codemode/shared'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { declarationsOf } from './declarations/declarations.ts'
import { guestRules } from './guest-rules.ts'

/** Options of `codemode.prompt`. */
export interface PromptOptions {
  /** Maximum length of the text in characters, of which about four are a token; 8,000 by default, 4,000 or more. */
  readonly budget?: number | undefined
  /** Names of the tools that it declares; all tools of the client or view by default. */
  readonly tools?: readonly string[] | undefined
}

/** Options of `codemode.declarations`. */
export interface DeclarationsOptions {
  /** Maximum length of the text in characters, 1,000 or more; no limit by default. */
  readonly budget?: number | undefined
  /** Names of the tools that it declares; all tools of the client or view by default. */
  readonly tools?: readonly string[] | undefined
}

const minBudget = 4_000

/** Returns the rules of the guest and the declarations of tools, as a text for a model within a budget of characters. */
export function promptOf(tools: readonly ToolDeclaration[], budget = 8_000): string {
  if (!Number.isInteger(budget) || budget < minBudget) {
    throw new ConfigurationError(
      `The budget of the prompt is a whole number of characters, from 4,000; it is ${String(budget)}.`,
      'codemode.prompt({ budget: 8_000 })',
    )
  }
  if (tools.length === 0) return `${guestRules}\n\nThere are no tools.`
  return frame(declarationsOf(tools, budget - frame('').length))
}

function frame(declarations: string): string {
  return `${guestRules}\n\nThe tools:\n\`\`\`ts\n${declarations}\n\`\`\``
}
