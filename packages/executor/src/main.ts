#!/usr/bin/env node
// The command codemode-executor. Its modules are imported after the check of Node's version, because an older one may not
// parse them. Without arguments it serves, and its first sandbox process starts while the other modules load.
import process from 'node:process'

import { nodeProblem } from './node-problem.ts'

// Without a listener, Node would open a debugger port on this signal.
process.on('SIGUSR1', () => {})

if (nodeProblem === undefined) {
  // A failure is ignored here: the executor tries again, and reports the failure, when it needs the process.
  if (process.argv.length === 2) await launchFirstProcess().catch(() => {})
  const { run } = await import('./command/command.ts')
  await run()
} else {
  process.stderr.write(`${nodeProblem}\n`)
  process.exitCode = 1
}

async function launchFirstProcess(): Promise<void> {
  const { candidateJails } = await import('./sandbox/jail/jails.ts')
  const { launchAhead } = await import('./sandbox/launch.ts')
  await launchAhead(candidateJails()[0]!)
}
