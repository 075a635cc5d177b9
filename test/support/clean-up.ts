/** Loaded before all tests (bunfig.toml): what it registers runs once, after the last of them. `bun test` knows no exit event. */
import {afterAll} from 'bun:test'
import {removeScratch} from './scratch.ts'

afterAll(removeScratch)
