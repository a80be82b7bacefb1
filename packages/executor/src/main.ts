#!/usr/bin/env node
// The command codemode-executor. Without arguments it serves: its first sandbox process starts while the rest is loaded.
import process from 'node:process'

import { candidateJails } from './sandbox/jail/jails.ts'
import { launchAhead } from './sandbox/launch.ts'

// Whatever is wrong is found, and told, when the executor asks for the process.
if (process.argv.length === 2) await launchAhead(candidateJails()[0]!).catch(() => {})
const { run } = await import('./command.ts')
await run()
