import { attacks } from './realms.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('realms', attacks)
