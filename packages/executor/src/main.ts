#!/usr/bin/env node
// The command codemode-executor. Without arguments it serves, and its first sandbox process starts while the other
// modules load.
import process from 'node:process'

import { candidateJails } from './sandbox/jail/jails.ts'
import { launchAhead } from './sandbox/launch.ts'

// A failure is ignored here: the executor tries again, and reports the failure, when it needs the process.
if (process.argv.length === 2) await launchAhead(candidateJails()[0]!).catch(() => {})
const { run } = await import('./command/command.ts')
await run()
