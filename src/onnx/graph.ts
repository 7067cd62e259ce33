import { bytes, message, sizeOf, text, whole, type Message } from './protobuf.ts';

/** Element types of ONNX tensors. */
export const elements = { float: 1, int64: 7, bool: 9 } as const;
type Element = (typeof elements)[keyof typeof elements];

/** Standard operators as of this version. */
const opset = 18;
/** The oldest version of the format that goes with it. */
const irVersion = 8;

/** A size, or the name of one that differs from call to call. */
export type Dimension = number | string;

/** Tensors in a file of their own begin at multiples of this many bytes, so that a runtime can map them. */
const pageBytes = 4096;

type Attribute = number | readonly number[];

/** An ONNX graph while it is written. Every value goes by a name, and each method gives that of what it makes. */
export class Graph {
  readonly #nodes: Message[] = [];
  readonly #initializers = new Map<string, Message>();
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #apart: string | null;
  #weights: Message = [];

  /** @param apart name of a file of its own, beside that of the model, for what `weights` takes; null: none */
  constructor(apart: string | null) {
    this.#apart = apart;
  }

  input(name: string, element: Element, shape: readonly Dimension[]): string {
    this.#inputs.push(message(11, ...valueInfo(name, element, shape)));
    return name;
  }

  /** Hands a value out, under the name that it has. */
  output(name: string, element: Element, shape: readonly Dimension[]): void {
    this.#outputs.push(message(12, ...valueInfo(name, element, shape)));
  }

  /** A tensor of numbers that are part of the model. */
  floats(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): string {
    return this.#constant(name, elements.float, shape, bytes(9, bytesOf(values)));
  }

  /** A tensor of trained numbers: in the model's file, or in the one apart. @source onnx.ai, External Data */
  weights(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): string {
    if (this.#apart === null) return this.floats(name, shape, values);
    const filled = sizeOf(this.#weights);
    const offset = pageBytes * Math.ceil(filled / pageBytes);
    this.#weights = [...this.#weights, new Uint8Array(offset - filled), bytesOf(values)];
    const where = { location: this.#apart, offset, length: values.byteLength };
    const entries = Object.entries(where).map(([key, value]) =>
      message(13, text(1, key), text(2, `${value}`)),
    );
    return this.#constant(name, elements.float, shape, [...entries.flat(), ...whole(14, 1)]);
  }

  /** The file apart, empty where there is none. */
  get apart(): Message {
    return this.#weights;
  }

  /** Whole numbers, [values.length], or a scalar. The same ones are one constant. */
  ints(values: number | readonly number[]): string {
    const list = typeof values === 'number' ? [values] : values;
    const name = `const.${typeof values === 'number' ? values : `[${list.join('.')}]`}`;
    const data = BigInt64Array.from(list.map(BigInt));
    const shape = typeof values === 'number' ? [] : [list.length];
    return this.#constant(name, elements.int64, shape, bytes(9, new Uint8Array(data.buffer)));
  }

  /** A scalar. */
  float(value: number): string {
    return this.floats(`const.f.${value}`, [], Float32Array.of(value));
  }

  /**
   * One node. @param outputs names of what it gives, the first being its own
   * @returns the first
   */
  node(
    operator: string,
    outputs: string | readonly string[],
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const all = typeof outputs === 'string' ? [outputs] : outputs;
    const [first = ''] = all;
    this.#nodes.push(
      message(
        1,
        ...inputs.map((name) => text(1, name)),
        ...all.map((name) => text(2, name)),
        text(3, first),
        text(4, operator),
        ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), ...attribute(value))),
      ),
    );
    return first;
  }

  /** The whole file: a ModelProto. @param metadata texts that go with it */
  model(name: string, producerVersion: string, metadata: Readonly<Record<string, string>>): Message {
    return [
      whole(1, irVersion),
      text(2, 'm-grpo-lab'),
      text(3, producerVersion),
      message(
        7,
        ...this.#nodes,
        text(2, name),
        ...this.#initializers.values(),
        ...this.#inputs,
        ...this.#outputs,
      ),
      message(8, text(1, ''), whole(2, opset)),
      ...Object.entries(metadata).map(([key, value]) => message(14, text(1, key), text(2, value))),
    ].flat();
  }

  /** @param data fields of a TensorProto: its bytes, or where they are */
  #constant(name: string, element: Element, shape: readonly number[], data: Message): string {
    const dims = shape.map((size) => whole(1, size));
    this.#initializers.set(name, message(5, ...dims, whole(2, element), text(8, name), data));
    return name;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Operators have attributes of whole numbers and lists of them; only here, none has fractions. */
function attribute(value: Attribute): readonly Message[] {
  if (typeof value === 'number') return [whole(3, value), whole(20, 2)];
  return [...value.map((each) => whole(8, each)), whole(20, 7)];
}

function valueInfo(name: string, element: Element, shape: readonly Dimension[]): readonly Message[] {
  const dims = shape.map((size) => message(1, typeof size === 'number' ? whole(1, size) : text(2, size)));
  return [text(1, name), message(2, message(1, whole(1, element), message(2, ...dims)))];
}
