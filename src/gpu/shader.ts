/** Which twin of the library fragments a text was made with; `plain` where none has a twin. */
export type WgslVariantName = 'plain' | 'subgroup' | 'workgroup';

/** The struct that an array of a binding is made of, in floats: its length, and where each field lies. */
export interface WgslElement {
  readonly floats: number;
  readonly fields: Readonly<Record<string, number>>;
}

export interface WgslBinding {
  readonly name: string;
  readonly group: number;
  readonly binding: number;
  readonly access: 'read' | 'read_write' | 'uniform';
  /** Of an array of structs of f32: how TypeScript finds its way in the bytes. */
  readonly element?: WgslElement;
}

export type WgslFieldType = 'u32' | 'i32' | 'f32' | 'vec4u' | 'vec4f';

/** The uniform block: bytes in all, and per field its offset in bytes. */
export interface WgslParams {
  readonly size: number;
  readonly fields: Readonly<Record<string, { readonly offset: number; readonly type: WgslFieldType }>>;
}

/** What a `.wgsl` import gives: text and the facts read from it, so that TypeScript never repeats them. */
export interface WgslModule {
  /** Path under shaders/ without the ending, as `ops/matmul.forward`. */
  readonly name: string;
  /** Either `plain`, or `subgroup` and `workgroup`; directives are in `enables`, to be put before the prelude. */
  readonly variants: Readonly<
    Partial<Record<WgslVariantName, { readonly code: string; readonly enables: readonly string[] }>>
  >;
  readonly bindings: readonly WgslBinding[];
  /** The struct of the uniform named `params`; null without one. */
  readonly params: WgslParams | null;
  readonly overrides: readonly string[];
  readonly uses: readonly string[];
  /** Three numbers, or names of overrides and prelude constants; null for a fragment without entry point. */
  readonly workgroupSize: readonly (number | string)[] | null;
}
