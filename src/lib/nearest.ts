import {distance} from 'fastest-levenshtein'

/**
 * Finds what a mistyped word was probably meant to be.
 *
 * @param word what was typed
 * @param candidates every word that would have been right
 * @returns the nearest candidate, or null when none is near enough to be worth suggesting
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let bestDistance = Math.max(1, Math.min(3, Math.floor(word.length / 2))) + 1
  for (const candidate of candidates) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase())
    if (steps < bestDistance) {
      best = candidate
      bestDistance = steps
    }
  }
  return best
}
