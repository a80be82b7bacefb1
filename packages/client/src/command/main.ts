#!/usr/bin/env node
// The command codemode. Its modules are imported after the check of Node's version, because an older one may not parse them.
import process from 'node:process'

import { nodeProblem } from '../node-problem.ts'

if (nodeProblem === undefined) {
  const { run } = await import('./command.ts')
  await run()
} else {
  process.stderr.write(`${nodeProblem}\n`)
  process.exitCode = 2
}
