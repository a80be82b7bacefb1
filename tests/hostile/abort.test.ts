import { attacks } from './abort.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('process abort', attacks)
