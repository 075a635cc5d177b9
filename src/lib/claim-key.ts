import type {Claim} from './job.ts'

/** `JOB:FENCE`: names a claim in sets and maps. */
export function claimKey({id, fence}: Claim): string {
  return `${id}:${fence}`
}
