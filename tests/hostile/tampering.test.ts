import { attacks } from './tampering.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('builtins of its own making', attacks)
