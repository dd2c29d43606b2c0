import { JournalMismatchError } from './embedded-journal.ts';

/** Turns of the event loop in which an orchestration, which awaits only activities, must have made its next call. */
const patienceTurns = 20;

/**
 * Answers journaled calls in the order they once ended, one per turn of the event loop, and holds new answers
 * back until then. Without it, parallel branches could take each other's sequence numbers on a replay.
 */
export class ReplayOrder {
  private readonly called = new Map<number, () => void>();
  private pumping = false;

  /** @param pending sequences of the calls that ended in an earlier process, in that order */
  constructor(private readonly pending: number[]) {}

  /** Resolves when it is this journaled call's turn. */
  turnOf(sequence: number): Promise<void> {
    return new Promise((resolve) => {
      this.called.set(sequence, resolve);
      void this.pump();
    });
  }

  /**
   * Resolves when every journaled call was answered.
   * @throws JournalMismatchError when the program never makes the call that comes next in the journal
   */
  async over(): Promise<void> {
    for (let idle = 0; this.pending.length > 0; idle += 1) {
      const before = this.pending.length;
      await nextTurn();
      if (this.pending.length < before) idle = 0;
      if (idle > patienceTurns) {
        throw new JournalMismatchError(
          `The program no longer makes call ${this.pending[0]} of the journal; start a new run.`,
        );
      }
    }
  }

  private async pump(): Promise<void> {
    if (this.pumping) return;
    this.pumping = true;
    for (let answer = this.next(); answer; answer = this.next()) {
      answer();
      await nextTurn();
    }
    this.pumping = false;
  }

  private next(): (() => void) | undefined {
    const head = this.pending[0];
    const answer = head === undefined ? undefined : this.called.get(head);
    if (answer) this.pending.shift();
    return answer;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
