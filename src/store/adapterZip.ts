import type { SavedAdapter } from '../asking/protocol.ts';

/** A folder as `npm run lora` saves it, in a zip: adapter, and beneath it the anchor. Nothing in it is compressed. */
export async function zipOf({ policy, anchor }: SavedAdapter, folder: string): Promise<Blob> {
  // Loaded when asked for.
  const { zipSync, strToU8 } = await import('fflate');
  const bytes = (content: string | Uint8Array<ArrayBuffer>) =>
    typeof content === 'string' ? strToU8(content) : content;
  const files = [
    ...policy.map(({ name, content }) => [`${folder}/${name}`, bytes(content)] as const),
    ...(anchor ?? []).map(({ name, content }) => [`${folder}/anchor/${name}`, bytes(content)] as const),
  ];
  return new Blob([zipSync(Object.fromEntries(files), { level: 0 })]);
}
