/** Who does the work of the demonstration. */

/** A process that consumes. */
export interface CrewMember {
  readonly name: string
  readonly pid: number
}

export interface Crew {
  /** What runs it, in words. */
  readonly runBy: string
  start(signal: AbortSignal): Promise<void>
  /** The consumers that live. */
  consumers(): Promise<readonly CrewMember[]>
  /** Ends the producer alone, so that the consumers can finish. */
  endProducer(signal: AbortSignal): Promise<void>
  /** Ends everything. Never rejects for what has ended already. */
  end(signal: AbortSignal): Promise<void>
}
