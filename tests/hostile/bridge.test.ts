import { attacks } from './bridge.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('bridge', attacks)
