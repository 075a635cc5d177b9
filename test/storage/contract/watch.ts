import {expect} from 'bun:test'
import {newJob, refusal, soon} from './bench.ts'
import type {Suite} from './suite.ts'

const NEVER_MS = 3_600_000

export function watchContract(suite: Suite): void {
  suite.sentence(
    'Calls `listener` soon after another process or this one changed the store, when a job comes due, and at the latest every `pollMs`.',
    {
      'this one': async bench => {
        const changed = new Ear()
        const end = bench.storage.watch(changed.listener, NEVER_MS)
        await bench.add()
        expect(await soon(changed.next(), 'the news of our own change')).toBeNull()
        end()
      },
      'another handle, again and again': async bench => {
        const other = await bench.store.reopen()
        const changed = new Ear()
        const end = bench.storage.watch(changed.listener, NEVER_MS)
        for (let change = 0; change < 3; change += 1) {
          const news = changed.next()
          await other.enqueue([newJob({})])
          expect(await soon(news, `the news of change ${change}`)).toBeNull()
        }
        end()
      },
      'every listener': async bench => {
        const ears = [new Ear(), new Ear()]
        const ends = ears.map(ear => bench.storage.watch(ear.listener, NEVER_MS))
        await bench.add()
        await soon(Promise.all(ears.map(ear => ear.next())), 'the news for both')
        for (const end of ends) end()
      },
      'when a job comes due': async bench => {
        const other = await bench.store.reopen()
        const heard = new Ear()
        const end = bench.storage.watch(heard.listener, NEVER_MS)
        const news = heard.next()
        await other.enqueue([newJob({when: {kind: 'after', delayMs: 200}})])
        await soon(news, 'the news of the change')
        expect(await soon(heard.next(), 'the news that it is due')).toBeNull()
        end()
      },
      'at the latest every pollMs': async bench => {
        const called = new Ear()
        const end = bench.storage.watch(called.listener, 5)
        for (let poll = 0; poll < 3; poll += 1) expect(await soon(called.next(), 'a poll')).toBeNull()
        end()
      },
    },
  )

  suite.sentence('`isUrgent` is asked at each change: while it says no, changes are gathered for up to 100 ms.', async bench => {
    const other = await bench.store.reopen()
    const changed = new Ear()
    let isUrgent = false
    const end = bench.storage.watch(changed.listener, NEVER_MS, () => isUrgent)
    for (const storage of [bench.storage, other]) {
      const news = changed.next()
      const calls = changed.calls
      for (let change = 0; change < 5; change += 1) await storage.enqueue([newJob({})])
      expect(await soon(news, 'the news of all changes')).toBeNull()
      // Five commits may take longer than the gathering on a busy machine, but they are not told one by one.
      expect(changed.calls - calls).toBeLessThan(5)
    }
    isUrgent = true
    const news = changed.next()
    await other.enqueue([newJob({})])
    expect(await soon(news, 'news that is urgent')).toBeNull()
    end()
  })

  suite.sentenceNeeding(
    'vanish',
    "Rejected writes after this: when the store's file vanished or was replaced `listener` gets the error instead.",
    async bench => {
      await bench.add()
      const heard = new Ear()
      const end = bench.storage.watch(heard.listener, 5)
      await bench.store.vanish?.()
      let news: Error | null = null
      while (news === null) news = await soon(heard.next(), 'the news that the store is gone')
      expect(news).toMatchObject({code: 'outcome_unknown'})
      expect(await refusal(bench.storage.enqueue([newJob({})]))).toBe('outcome_unknown')
      end()
    },
  )

  suite.sentenceNeeding('writes', 'Watching writes nothing.', async bench => {
    await bench.add()
    const before = await bench.store.writes?.()
    const called = new Ear()
    const end = bench.storage.watch(called.listener, 2)
    for (let poll = 0; poll < 5; poll += 1) await soon(called.next(), 'a poll')
    end()
    expect(await bench.store.writes?.()).toBe(before)
  })

  suite.sentence('Returns the function that ends it.', {
    'at once': async bench => {
      const [ended, witness] = [new Ear(), new Ear()]
      const end = bench.storage.watch(ended.listener, 2)
      const endWitness = bench.storage.watch(witness.listener, 2)
      await soon(ended.next(), 'a poll')
      end()
      const calls = ended.calls
      await bench.add()
      for (let poll = 0; poll < 5; poll += 1) await soon(witness.next(), 'a poll of the other')
      expect(ended.calls).toBe(calls)
      end()
      endWitness()
    },
    'also for one that was about to be told': async bench => {
      const [first, second] = [new Ear(), new Ear()]
      const endFirst = bench.storage.watch(news => {
        endSecond()
        first.listener(news)
      }, NEVER_MS)
      const endSecond = bench.storage.watch(second.listener, NEVER_MS)
      await bench.add()
      await soon(first.next(), 'the news')
      expect(second.calls).toBe(0)
      endFirst()
    },
  })
}

/** A listener one can wait for. Calls nobody waited for are kept. */
class Ear {
  calls = 0
  #heard: (Error | null)[] = []
  #waiting: ((news: Error | null) => void)[] = []

  readonly listener = (error: Error | null): void => {
    this.calls += 1
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#heard.push(error)
    else waiting(error)
  }

  next(): Promise<Error | null> {
    const heard = this.#heard.shift()
    if (heard !== undefined) return Promise.resolve(heard)
    return new Promise(resolve => this.#waiting.push(resolve))
  }
}
