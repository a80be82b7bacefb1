import process from 'node:process'

import type { SourceCheckSpec } from '../protocol.ts'
import type { TurnReply } from './guest-host.ts'
import { ParserBrokenError } from './source/strip-types.ts'
import { checkStep } from './source/step/prepare-step.ts'

/** Checks the syntax of a step's code, and reports it as the only turn of a guest. The code does not run. */
export function checkSource({ code }: SourceCheckSpec): TurnReply {
  const before = process.threadCpuUsage()
  const nothing = { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null }
  const end = endOf(code)
  if (end === undefined) return { type: 'skipped' }
  const { user, system } = process.threadCpuUsage(before)
  return { type: 'turn', cpuMs: (user + system) / 1000, guestBytes: 0, effects: { ...nothing, end } }
}

type End = NonNullable<Extract<TurnReply, { type: 'turn' }>['effects']['end']>

/** Returns the end of the check; undefined if this process can't parse the code. */
function endOf(code: string): End | undefined {
  try {
    const checked = checkStep(code, new Map())
    if (checked.ok) return { ok: true, result: 'null' }
    const { message, line, column, hint } = checked
    const text = `${message} (line ${line}, column ${column})`
    const error = { ok: false, code: 'SYNTAX_ERROR', name: 'SyntaxError', message: text } as const
    return { ...error, details: { line, column }, ...(hint !== undefined && { hint }) }
  } catch (error) {
    if (error instanceof ParserBrokenError) return undefined
    throw error
  }
}
