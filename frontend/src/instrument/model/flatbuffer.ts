// Reading flatbuffers (https://flatbuffers.dev/internals/). Nothing is trusted: every position is checked against the
// file, and the number of things that are made is bounded, because a small file may refer to one table many times.
import { ModelError } from "./errors";

/** Tables and vector elements that one file may make us create; a 3-layer released model makes under 4,000. */
const BUDGET = 400_000;

const DECODER = new TextDecoder();

/** The bytes of a flatbuffer, read within their bounds. */
export class Flatbuffer {
  private left = BUDGET;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The root table. */
  root(): Table {
    return new Table(this, this.forward(0));
  }

  uint8(position: number): number {
    return this.view.getUint8(this.checked(position, 1));
  }

  int8(position: number): number {
    return this.view.getInt8(this.checked(position, 1));
  }

  uint16(position: number): number {
    return this.view.getUint16(this.checked(position, 2), true);
  }

  int32(position: number): number {
    return this.view.getInt32(this.checked(position, 4), true);
  }

  uint32(position: number): number {
    return this.view.getUint32(this.checked(position, 4), true);
  }

  /** An int64 as the nearest float64. */
  int64(position: number): number {
    return Number(this.view.getBigInt64(this.checked(position, 8), true));
  }

  float32(position: number): number {
    return this.view.getFloat32(this.checked(position, 4), true);
  }

  /** Where the offset at `position` points. */
  forward(position: number): number {
    return position + this.uint32(position);
  }

  /** The bytes of the vector at `position`, as a view. */
  blob(position: number): Uint8Array {
    const count = this.length(position, 1);
    return this.bytes.subarray(position + 4, position + 4 + count);
  }

  text(position: number): string {
    const bytes = this.blob(position);
    this.spend(1 + bytes.length / 64);
    return DECODER.decode(bytes);
  }

  /** The vector at `position`, whose elements have `size` bytes and are read by `read`. */
  list<T>(position: number, size: number, read: (place: number) => T): T[] {
    const count = this.length(position, size);
    this.spend(count);
    return Array.from({ length: count }, (_, i) => read(position + 4 + size * i));
  }

  spend(count: number): void {
    this.left -= count;
    if (this.left < 0) {
      throw new ModelError("it is far more complex than any model (damaged, or made to do harm)");
    }
  }

  private length(position: number, size: number): number {
    const count = this.uint32(position);
    if (count * size > this.bytes.length - position - 4) {
      throw new ModelError("it holds a list that is longer than the file (damaged, or cut off)");
    }
    return count;
  }

  private checked(position: number, size: number): number {
    if (!(position >= 0 && position <= this.bytes.length - size)) {
      throw new ModelError("it refers to a place outside the file (damaged, or cut off)");
    }
    return position;
  }
}

/** A table; fields are asked for by their slot in its vtable, and those that are left out have the fallback. */
export class Table {
  private readonly vtable: number;
  private readonly size: number;

  constructor(
    private readonly file: Flatbuffer,
    private readonly position: number,
  ) {
    file.spend(1);
    this.vtable = position - file.int32(position);
    this.size = file.uint16(this.vtable);
  }

  int8(slot: number): number {
    return this.scalar(slot, (place) => this.file.int8(place));
  }

  uint8(slot: number): number {
    return this.scalar(slot, (place) => this.file.uint8(place));
  }

  int32(slot: number): number {
    return this.scalar(slot, (place) => this.file.int32(place));
  }

  uint32(slot: number): number {
    return this.scalar(slot, (place) => this.file.uint32(place));
  }

  text(slot: number): string {
    const place = this.place(slot);
    return place ? this.file.text(this.file.forward(place)) : "";
  }

  bytes(slot: number): Uint8Array {
    const place = this.place(slot);
    return place ? this.file.blob(this.file.forward(place)) : new Uint8Array();
  }

  table(slot: number): Table | null {
    const place = this.place(slot);
    return place ? new Table(this.file, this.file.forward(place)) : null;
  }

  tables(slot: number): Table[] {
    return this.list(slot, 4, (place) => new Table(this.file, this.file.forward(place)));
  }

  int32s(slot: number): number[] {
    return this.list(slot, 4, (place) => this.file.int32(place));
  }

  int64s(slot: number): number[] {
    return this.list(slot, 8, (place) => this.file.int64(place));
  }

  float32s(slot: number): number[] {
    return this.list(slot, 4, (place) => this.file.float32(place));
  }

  private list<T>(slot: number, size: number, read: (place: number) => T): T[] {
    const place = this.place(slot);
    return place ? this.file.list(this.file.forward(place), size, read) : [];
  }

  private scalar(slot: number, read: (place: number) => number): number {
    const place = this.place(slot);
    return place ? read(place) : 0;
  }

  /** Where the field of this slot lies; 0 if it is left out. */
  private place(slot: number): number {
    const entry = 4 + 2 * slot;
    const offset = entry + 2 <= this.size ? this.file.uint16(this.vtable + entry) : 0;
    return offset ? this.position + offset : 0;
  }
}
