/** Columns of equal length that grow at the end: a row costs its bytes and no objects. */

type Growable = Int32Array | Float64Array;

export type ColumnKinds = Readonly<Record<string, 'int' | 'float'>>;

export class Columns<Kinds extends ColumnKinds> {
  count = 0;
  readonly data: { [K in keyof Kinds]: Kinds[K] extends 'int' ? Int32Array : Float64Array };
  private room = 0;

  constructor(readonly kinds: Kinds) {
    this.data = {} as typeof this.data;
    this.grow(512);
  }

  /** Add a row, all zero; returns its number. */
  push(): number {
    if (this.count === this.room) this.grow(this.room * 3);
    return this.count++;
  }

  /** A copy of another table's row at the end of this one. */
  copy(from: Columns<Kinds>, row: number): number {
    const at = this.push();
    for (const name in this.kinds) this.data[name][at] = from.data[name][row]!;
    return at;
  }

  private grow(room: number): void {
    for (const name in this.kinds) {
      const grown: Growable =
        this.kinds[name] === 'int' ? new Int32Array(room) : new Float64Array(room);
      const old = this.data[name] as Growable | undefined;
      if (old) grown.set(old);
      this.data[name] = grown as (typeof this.data)[typeof name];
    }
    this.room = room;
  }
}
