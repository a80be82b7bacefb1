import { attacks } from './forging.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('forged outcomes', attacks)
