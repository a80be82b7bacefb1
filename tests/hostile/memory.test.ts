import { attacks } from './memory.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('memory', attacks)
