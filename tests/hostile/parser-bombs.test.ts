import { attacks } from './parser-bombs.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('process abort in the parsers', attacks, { mayEndProcesses: true })
