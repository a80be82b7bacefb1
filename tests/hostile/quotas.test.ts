import { attacks } from './quotas.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('quotas', attacks)
