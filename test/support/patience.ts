import {setDefaultTimeout} from 'bun:test'

// Tests wait for conditions and assert no times; a busy machine must not fail them.
setDefaultTimeout(120_000)
