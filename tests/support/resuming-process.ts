/**
 * Program that resumes the execution whose id is its argument. Its tool `step` writes the id of each call, and never answers
 * the second step.
 */
import process from 'node:process'

import { Codemode } from '@codemode/client'

const step = async ({ n }: { n: number }, { callId }: { callId: string }) => {
  process.stdout.write(`${callId}\n`)
  if (n === 2) await new Promise(() => {})
  return n * 10
}
const codemode = Codemode.fromEnv({ tools: { step } })
await codemode.resume(process.argv[2]!)
