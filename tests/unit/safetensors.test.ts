import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.ts';
import { layoutOf } from '../../src/model/layout.ts';
import { countingWeights, fileOf, goodParts, tiny, tinyLayout, type HeaderEntry } from './models.ts';

const norm = 'model.norm.weight';
const embedding = 'model.embed_tokens.weight';

/** The refusal of a file, as words. */
function refusal(bytes: ArrayBuffer): string {
  try {
    readSafetensors(bytes, tinyLayout);
  } catch (error) {
    expect(error).toBeInstanceOf(LabError);
    const { code, message, remedy } = error as LabError;
    expect(code).toBe('bad-file');
    expect(remedy).not.toBe('');
    return message;
  }
  return 'accepted';
}

/** A good file with its header changed. */
function withHeader(change: (header: Record<string, HeaderEntry>) => void): ArrayBuffer {
  const { header, data } = goodParts();
  change(header);
  return fileOf(JSON.stringify(header), data);
}

function withEntry(name: string, change: (entry: HeaderEntry) => void): ArrayBuffer {
  return withHeader((header) => {
    const entry = header[name];
    if (entry === undefined) throw new Error(`no ${name}`);
    change(entry);
  });
}

it('reads back what it wrote, padding zero', () => {
  const values = countingWeights(tinyLayout);
  const file = writeSafetensors(values, tinyLayout);
  expect(readSafetensors(file.buffer, tinyLayout)).toEqual(values);
  expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
});

it('reads numbers of bfloat16, in half of the bytes', () => {
  const weights = countingWeights(tinyLayout).map((value) => value + 1 / 3);
  const bytes = writeSafetensors(weights, tinyLayout, 'BF16');
  const whole = writeSafetensors(weights, tinyLayout);
  expect(whole.length - bytes.length).toBeGreaterThan(1.9 * tinyLayout.parameterCount);
  const read = readSafetensors(bytes.buffer, tinyLayout);
  for (const { offset, length } of tinyLayout.tensors) {
    for (let at = offset; at < offset + length; at++) {
      const [given = NaN, found = NaN] = [weights[at], read[at]];
      expect(Math.abs(found - given)).toBeLessThanOrEqual(Math.abs(given) * 2 ** -8);
    }
  }
  // What is rounded once stays as it is.
  expect(readSafetensors(writeSafetensors(read, tinyLayout, 'BF16').buffer, tinyLayout)).toEqual(read);
});

it('takes tensors in any order, metadata, and data that begin at an odd byte', () => {
  const { header, data } = goodParts();
  const shuffled = Object.fromEntries<unknown>([
    ['__metadata__', { format: 'pt', note: 'a "quoted": {brace}, and ": {' }],
    ...Object.entries(header).reverse(),
  ]);
  for (const padding of ['', ' ', '   ']) {
    const file = fileOf(JSON.stringify(shuffled) + padding, data);
    expect(readSafetensors(file, tinyLayout)).toEqual(countingWeights(tinyLayout));
  }
});

describe('the header', () => {
  const { header, data } = goodParts();
  const text = JSON.stringify(header);

  it.each<[string, ArrayBuffer, string]>([
    ['an empty file', new ArrayBuffer(0), '0 bytes'],
    ['seven bytes', new ArrayBuffer(7), '7 bytes'],
    ['longer than the file', fileOf(text, data, 1n << 20n), 'claims 1048576 bytes'],
    ['longer than any memory', fileOf(text, data, (1n << 64n) - 1n), 'claims 18446744073709552000 bytes'],
    ['empty', fileOf('', data), 'no JSON'],
    ['cut', fileOf(text, data, BigInt(text.length - 1)), 'no JSON'],
    ['no JSON', fileOf('{"a":', data), 'no JSON'],
    ['an array', fileOf('[]', data), 'no object'],
    ['null', fileOf('null', data), 'no object'],
    ['not UTF-8', spoiled(text, data), 'no JSON'],
    ['beginning with a byte order mark', fileOf(`\ufeff${text}`, data), 'no JSON'],
    ['with a second document', fileOf(`${text}{}`, data), 'no JSON'],
    ['without tensors', fileOf('{}', data), 'cover 0 bytes'],
  ])('%s', (_, bytes, words) => {
    expect(refusal(bytes)).toContain(words);
  });

  it('larger than any lab model’s is refused before it is parsed', () => {
    const long = 17 * 2 ** 20;
    expect(refusal(fileOf(' '.repeat(long), data))).toContain(`claims ${String(long)} bytes`);
  });
});

describe('sizes are looked at before anything is built', () => {
  const entries = (count: number, entry: string): string =>
    `{${Array.from({ length: count }, (_, i) => `"${String(i)}":${entry}`).join()}}`;
  const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';

  it.each<[string, string, string]>([
    ['more names than there can be', entries(1500, entry), 'more than 1013 keys in one object'],
    ['names without end', entries(60_000, '0'), 'keys in one object'],
    ['a name of a megabyte', `{"${'x'.repeat(1e6)}":${entry}}`, 'cover 0 bytes'],
    ['a dtype of a megabyte', entries(1, entry.replace('F32', 'F'.repeat(1e6))), 'cover 0 bytes'],
    ['a shape of many numbers', entries(1, entry.replace('[0]', `[${'0,'.repeat(1e5)}0]`)), 'values in all'],
    ['lists in lists', `{"a":${'['.repeat(1e5)}`, 'deep in one another'],
    ['many lists', entries(900, '[[],[],[],[],[]]'), 'lists and objects in all'],
    ['an entry of the wrong kind', `{"${'\\u001b'.repeat(1e4)}":${'1'.repeat(1e5)}}`, 'entry'],
  ])('%s', (_, header, words) => {
    const said = refusal(fileOf(header, new Uint8Array(12)));
    expect(said).toMatch(/^model\.safetensors: /);
    expect(said).toContain(words);
    expect(said.length).toBeLessThan(400);
    expect(said).not.toMatch(/\p{Cc}/u);
  });

  it('a model that no memory holds is refused by the file that holds less', () => {
    const huge = layoutOf({
      ...tiny,
      hidden_size: 16_384,
      intermediate_size: 65_536,
      num_hidden_layers: 256,
    });
    expect(() => new Float32Array(huge.size)).toThrow(RangeError);
    const { header, data } = goodParts();
    const file = fileOf(JSON.stringify(header), data);
    expect(() => readSafetensors(file, huge)).toThrow(LabError);
    expect(() => readSafetensors(file, huge)).toThrow('but config.json asks for [23, 16384]');
  });
});

/** A header with a byte that no UTF-8 text has, in a tensor's name. */
function spoiled(text: string, data: Uint8Array): ArrayBuffer {
  const file = fileOf(text, data);
  new Uint8Array(file)[11] = 0xff;
  return file;
}

describe('names', () => {
  it('a tensor that the model has no place for', () => {
    const bytes = withHeader((header) => {
      header['model.rotary.weight'] = header[norm] ?? { dtype: 'F32', shape: [], data_offsets: [0, 0] };
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the renamed tensor
      delete header[norm];
    });
    expect(refusal(bytes)).toContain('"model.rotary.weight" has no place');
  });

  it('a missing tensor is named', () => {
    const { header, data } = goodParts();
    const { [norm]: last, ...rest } = header;
    const bytes = fileOf(JSON.stringify(rest), data.slice(0, last?.data_offsets[0]));
    expect(refusal(bytes)).toContain(`Missing: ${norm}`);
  });

  it.each([
    ['a tensor twice', (text: string, entry: string) => text.replace('{', `{"${norm}":${entry},`)],
    [
      'a tensor twice, once escaped',
      (text: string, entry: string) => text.replace('{', `{"model.norm.weig\\u0068t":${entry},`),
    ],
    ['the metadata twice', (text: string) => text.replace('{', '{"__metadata__":{},"__metadata__":{},')],
    ['a field twice', (text: string) => text.replace('"dtype":', '"dtype":"F64","dtype":')],
  ])('%s', (_, spoil) => {
    const { header, data } = goodParts();
    const bytes = fileOf(spoil(JSON.stringify(header), JSON.stringify(header[norm])), data);
    expect(refusal(bytes)).toContain('twice');
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString'])('%s', (name) => {
    const { header, data } = goodParts();
    const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
    const bytes = fileOf(JSON.stringify(header).replace('{', `{"${name}":${entry},`), data);
    expect(refusal(bytes)).toContain(`"${name}"`);
  });
});

describe('an entry', () => {
  it.each<[string, ArrayBuffer, string]>([
    ['of another dtype', withEntry(norm, (e) => (e.dtype = 'F16')), `"${norm}" is F16; only F32`],
    ['of a made-up dtype', withEntry(norm, (e) => (e.dtype = 'F33')), 'is F33'],
    [
      'transposed',
      withEntry(embedding, (e) => e.shape.reverse()),
      'shape [4, 23], but config.json asks for [23, 4]',
    ],
    [
      'of another rank',
      withEntry(norm, (e) => e.shape.push(1)),
      'shape [4, 1], but config.json asks for [4]',
    ],
    ['with a negative size', withEntry(norm, (e) => (e.shape = [-4])), norm],
    ['with a fractional size', withEntry(norm, (e) => (e.shape = [4.5])), norm],
    ['whose size overflows', withEntry(norm, (e) => (e.shape = [2 ** 53, 2 ** 53])), norm],
    ['with a negative offset', withEntry(norm, (e) => (e.data_offsets[0] = -1)), norm],
    ['with offsets in the wrong order', withEntry(norm, (e) => e.data_offsets.reverse()), 'lies at bytes'],
    [
      'overlapping its neighbour',
      withEntry(norm, (e) => (e.data_offsets[0] -= 4)),
      'the tensor before it ends',
    ],
    ['leaving a gap', withEntry(norm, (e) => (e.data_offsets[0] += 4)), 'the tensor before it ends'],
    ['ending behind the file', withEntry(norm, (e) => (e.data_offsets[1] += 4)), 'the file holds'],
    ['of infinite extent', withEntry(norm, (e) => (e.data_offsets[1] = 1e300)), 'cover 1e+300 bytes'],
    ['with a further field', withEntry(norm, (e) => Object.assign(e, { strides: [1] })), 'strides'],
    ['without offsets', withEntry(norm, (e) => Reflect.deleteProperty(e, 'data_offsets')), 'data_offsets'],
    ['that is no object', withHeader((h) => Object.assign(h, { [norm]: 3 })), norm],
  ])('%s', (_, bytes, words) => {
    expect(refusal(bytes)).toContain(words);
  });

  it('two tensors in the same place', () => {
    const bytes = withHeader((header) => {
      const [input, post] = ['input_layernorm', 'post_attention_layernorm'].map(
        (part) => header[`model.layers.0.${part}.weight`],
      );
      if (input !== undefined && post !== undefined) post.data_offsets = input.data_offsets;
    });
    expect(refusal(bytes)).toContain('the tensor before it ends');
  });
});

describe('the data', () => {
  it.each([1, 3, 4, 400])('truncated by %d bytes', (missing) => {
    const { header, data } = goodParts();
    const bytes = fileOf(JSON.stringify(header), data.slice(0, -missing));
    expect(refusal(bytes)).toContain(`but the file holds ${String(data.length - missing)}`);
  });

  it.each([1, 4])('with %d bytes behind the last tensor', (more) => {
    const { header, data } = goodParts();
    const bytes = fileOf(JSON.stringify(header), new Uint8Array([...data, ...new Uint8Array(more)]));
    expect(refusal(bytes)).toContain(`but the file holds ${String(data.length + more)}`);
  });

  it.each([NaN, Infinity, -Infinity])('with %d among the numbers', (value) => {
    const values = countingWeights(tinyLayout);
    values[(tinyLayout.tensors.at(-1)?.offset ?? 0) + 1] = value;
    expect(refusal(writeSafetensors(values, tinyLayout).buffer)).toContain(
      `"${norm}" holds a number that is not finite`,
    );
  });
});

it('whatever byte is wrong, a file is refused in words or read whole', () => {
  const good = writeSafetensors(countingWeights(tinyLayout), tinyLayout);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bad = good.slice();
      bad[at] = (bad[at] ?? 0) ^ flip;
      try {
        expect(readSafetensors(bad.buffer, tinyLayout)).toHaveLength(tinyLayout.size);
      } catch (error) {
        expect(error).toBeInstanceOf(LabError);
      }
    }),
    { numRuns: 300 },
  );
});

it('whatever its length, a cut file is refused', () => {
  const good = writeSafetensors(countingWeights(tinyLayout), tinyLayout);
  fc.assert(
    fc.property(fc.nat(good.length - 1), (length) => {
      expect(refusal(good.buffer.slice(0, length))).not.toBe('accepted');
    }),
  );
});
