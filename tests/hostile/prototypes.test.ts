import { attacks } from './prototypes.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('prototypes', attacks)
