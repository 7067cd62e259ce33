export function findChromium(): string | null;
export function findSwiftShader(): string | null;
