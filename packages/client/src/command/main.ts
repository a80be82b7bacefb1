#!/usr/bin/env node
// The command codemode.
import { run } from './command.ts'

await run()
