import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** `fraction` is 0..1. */
  update(fraction: number, note?: string): void;
  stop(): void;
}

function barProgress(label: string): Progress {
  const bar = new SingleBar(
    { format: `${label} {bar} {percentage}% {note}`, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(100, 0, { note: '' });
  return {
    update: (fraction, note = '') => bar.update(Math.round(fraction * 100), { note }),
    stop: () => bar.stop(),
  };
}

/** For logs and pipes: a line at each quarter and whenever the note changes. */
function lineProgress(label: string, write: (line: string) => void): Progress {
  let printed = '';
  return {
    update: (fraction, note = '') => {
      const key = `${Math.floor(fraction * 4)} ${note}`;
      if (key === printed) return;
      printed = key;
      write(`${label} ${Math.round(fraction * 100)}% ${note}`.trimEnd());
    },
    stop: () => undefined,
  };
}

export function startProgress(label: string): Progress {
  return process.stdout.isTTY ? barProgress(label) : lineProgress(label, (line) => console.log(line));
}
