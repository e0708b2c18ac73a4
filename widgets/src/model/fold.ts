/**
 * Repeats folded to one: where a short pattern occurs again and again, as the steps of a loop
 * or the blocks of a deep network do, all but the first and the last become a group.
 *
 * Works on anything that has a signature; equal signatures are equal things.
 */

export interface Group<T> {
  units: T[];
  times: number;
}

const LONGEST = 16;

/** Groups in the order of the units; `special` units (the paused one, a faulty one) stay alone. */
export function foldRepeats<T>(
  units: readonly T[],
  signatures: readonly unknown[],
  special: (unit: T) => boolean,
): Group<T>[] {
  const groups: Group<T>[] = [];
  const single = (begin: number, end: number): void => {
    for (let n = begin; n < end; n++) groups.push({ units: [units[n]!], times: 1 });
  };
  let at = 0;
  while (at < units.length) {
    const { period, length } = longestRepeat(signatures, at);
    if (!period) {
      single(at, ++at);
      continue;
    }
    const begin = at + period;
    const end = at + length - period;
    single(at, begin);
    for (const group of splitAround(units.slice(begin, end), period, special)) groups.push(group);
    single(end, at + length);
    at += length;
  }
  return groups;
}

/** The pattern that repeats from here on: at least four times, the longest stretch wins. */
function longestRepeat(
  signatures: readonly unknown[],
  at: number,
): { period: number; length: number } {
  let best = { period: 0, length: 0 };
  for (let period = 1; period <= LONGEST; period++) {
    let n = at;
    while (n + period < signatures.length && signatures[n] === signatures[n + period]) n++;
    const length = Math.floor((n - at) / period) * period + period;
    if (length >= 4 * period && length - period > best.length - best.period) {
      best = { period, length };
    }
  }
  return best;
}

/** A stretch of repeats as one group, or as several around repeats with special units. */
function splitAround<T>(units: T[], period: number, special: (unit: T) => boolean): Group<T>[] {
  const groups: Group<T>[] = [];
  let waiting: T[] = [];
  const flush = (): void => {
    if (waiting.length) groups.push({ units: waiting, times: waiting.length / period });
    waiting = [];
  };
  for (let n = 0; n < units.length; n += period) {
    const one = units.slice(n, n + period);
    if (one.some(special)) {
      flush();
      for (const unit of one) groups.push({ units: [unit], times: 1 });
    } else {
      for (const unit of one) waiting.push(unit);
    }
  }
  flush();
  return groups;
}

/** Keep what is near both ends, and what is special, and fold everything between. */
export function foldMiddle<T>(
  groups: readonly Group<T>[],
  room: number,
  special: (unit: T) => boolean,
): Group<T>[] {
  const head = Math.max(Math.floor(room / 2) - 2, 1);
  const tail = Math.max(room - head - 3, 1);
  if (groups.length <= head + tail + 1) return [...groups];
  const folded = groups.slice(0, head);
  let waiting: Group<T>[] = [];
  const flush = (): void => {
    if (waiting.length === 1) folded.push(waiting[0]!);
    else if (waiting.length) folded.push({ units: waiting.flatMap(g => g.units), times: 1 });
    waiting = [];
  };
  for (const group of groups.slice(head, groups.length - tail)) {
    if (group.units.some(special)) {
      flush();
      folded.push(group);
    } else {
      waiting.push(group);
    }
  }
  flush();
  return [...folded, ...groups.slice(groups.length - tail)];
}
