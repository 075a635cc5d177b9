import {type Notice, type NoticeListener, NoticeReader} from '../../src/lib/guard/notices.ts'

/** Keeps what it hears. */
export class NoticeLog implements NoticeListener {
  readonly heard: Notice[] = []
  readonly #reader = new NoticeReader(this)

  /** How many bytes it can hear at once. */
  get room(): number {
    return this.#reader.room.length
  }

  hear(bytes: Uint8Array): void {
    this.#reader.room.set(bytes)
    this.#reader.take(bytes.length)
  }

  hold(id: number, fence: number, dueAt: number): void {
    this.heard.push({kind: 'hold', id, fence, dueAt})
  }

  group(id: number, fence: number, pid: number, startTime: number): void {
    this.heard.push({kind: 'group', id, fence, pid, startTime})
  }

  end(id: number, fence: number): void {
    this.heard.push({kind: 'end', id, fence})
  }

  reset(): void {
    this.heard.push({kind: 'reset'})
  }

  bye(): void {
    this.heard.push({kind: 'bye'})
  }
}
