import { attacks } from './tampering.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('replaced builtins', attacks)
