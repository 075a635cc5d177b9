import {storageContract} from './contract/contract.ts'
import {openSqliteStore} from './sqlite/store.ts'

storageContract('sqlite', openSqliteStore, {oneKernel: true}, ['damagePayload', 'writes', 'vanish'])
