import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { largestReward, type RewardFault, type RewardInput, type RewardOutcome } from '../spec/reward.ts';

/** What the user's code is called in the interpreter's stacks. */
const file = 'reward.js';

const memoryBytes = 16 * 2 ** 20;
const stackBytes = 256 * 2 ** 10;
/** The interpreter asks once in ten thousand jumps, of loops and calls: ten million together, half a second at most. */
const mostInterrupts = 1000;

/**
 * Runs before the user's code: a clock or chance would make a run that can't be repeated. Fixed so that code can't
 * bring them back by accident; `typeof Date` throws too.
 */
const withoutClockOrChance = `(() => {
  const refuse = (what) => {
    throw new ReferenceError('there is no ' + what + ' here, as the same run must give the same rewards');
  };
  Object.defineProperty(globalThis, 'Date', { get: () => refuse('clock (Date)'), configurable: false });
  Object.defineProperty(Math, 'random', {
    value: () => refuse('chance (random)'), writable: false, configurable: false,
  });
})()`;

let interpreter: Promise<QuickJSWASMModule> | null = null;

/** Loaded when the first reward is run: most runs have none. */
async function load(): Promise<QuickJSWASMModule> {
  const [{ newQuickJSWASMModuleFromVariant }, { default: variant }] = await Promise.all([
    import('quickjs-emscripten-core'),
    import('@jitl/quickjs-wasmfile-release-sync'),
  ]);
  return newQuickJSWASMModuleFromVariant(variant);
}

/**
 * The rewards that the user's `reward` gives. Code and inputs decide alone: every call begins with a fresh
 * interpreter, so that nothing is carried from step to step, and code that runs on is cut off after a number of
 * jumps, at the same place on every machine. A single call of a built-in function is not cut off: whoever must not
 * wait runs this in a worker and ends it.
 */
export async function runReward(code: string, inputs: readonly RewardInput[]): Promise<RewardOutcome> {
  interpreter ??= load();
  let loaded: QuickJSWASMModule;
  try {
    loaded = await interpreter;
  } catch (error) {
    interpreter = null;
    return faultOf(`The interpreter could not be loaded: ${messageOf(error)}.`, null);
  }
  try {
    return inFreshContext(loaded, (context) => rewardsOf(context, code, inputs));
  } catch (error) {
    // The interpreter itself gave up, as deep recursion in its own functions may have it do: it is not used again.
    interpreter = null;
    return faultOf(`It broke the interpreter: ${messageOf(error)}.`, null);
  }
}

function inFreshContext<Result>(loaded: QuickJSWASMModule, use: (context: QuickJSContext) => Result): Result {
  const runtime = loaded.newRuntime();
  try {
    limit(runtime);
    const context = runtime.newContext();
    try {
      return use(context);
    } finally {
      context.dispose();
    }
  } finally {
    runtime.dispose();
  }
}

function limit(runtime: QuickJSRuntime): void {
  runtime.setMemoryLimit(memoryBytes);
  runtime.setMaxStackSize(stackBytes);
  let interrupts = 0;
  runtime.setInterruptHandler(() => ++interrupts > mostInterrupts);
}

function rewardsOf(context: QuickJSContext, code: string, inputs: readonly RewardInput[]): RewardOutcome {
  return scoped((keep) => {
    context.unwrapResult(context.evalCode(withoutClockOrChance, 'lab.js')).dispose();
    // Taken before the user's code runs, which may replace it.
    const parse = keep(context.getProp(keep(context.getProp(context.global, 'JSON')), 'parse'));
    const read = context.evalCode(code, file, { type: 'global', strict: true });
    if (read.error !== undefined) return { fault: thrown(context, keep(read.error), code) };
    keep(read.value);
    const found = context.evalCode('reward', file);
    if (found.error !== undefined) {
      keep(found.error);
      return faultOf('It has no function named reward.', null);
    }
    const reward = keep(found.value);
    const type = context.typeof(reward);
    if (type !== 'function')
      return faultOf(`reward is ${article(type)}, not a function.`, lineOfReward(code));
    const rewards: number[] = [];
    for (const input of inputs) {
      const outcome = scoped((keepForCall) => {
        const text = keepForCall(context.newString(JSON.stringify(input)));
        const told = keepForCall(context.unwrapResult(context.callFunction(parse, context.undefined, text)));
        const called = context.callFunction(reward, context.undefined, told);
        if (called.error !== undefined) return thrown(context, keepForCall(called.error), code);
        const given = keepForCall(called.value);
        const problem = problemWith(context, given);
        if (problem === null) return context.getNumber(given);
        const rollout = `for the prompt ${input.prompt} and the completion ${input.completion}`;
        return { sentence: `${problem} ${rollout}`, line: lineOfReward(code) };
      });
      if (typeof outcome !== 'number') return { fault: outcome };
      rewards.push(outcome);
    }
    return { rewards };
  });
}

/** Frees what was kept once the work is done: the interpreter counts its references. */
function scoped<Result>(
  work: (keep: <Handle extends QuickJSHandle>(handle: Handle) => Handle) => Result,
): Result {
  const kept: QuickJSHandle[] = [];
  try {
    return work((handle) => {
      kept.push(handle);
      return handle;
    });
  } finally {
    for (const handle of kept.reverse()) handle.dispose();
  }
}

/** What is wrong with a reward, as the beginning of a sentence; null when nothing is. */
function problemWith(context: QuickJSContext, value: QuickJSHandle): string | null {
  const type = context.typeof(value);
  if (type !== 'number')
    return `It returned ${type === 'undefined' ? 'nothing' : article(type)}, not a number,`;
  const number = context.getNumber(value);
  if (Math.abs(number) <= largestReward) return null;
  return `It returned ${String(number)}, which does not lie from −${String(largestReward)} to ${String(largestReward)},`;
}

/** What the code threw, in words. */
function thrown(context: QuickJSContext, error: QuickJSHandle, code: string): RewardFault {
  return scoped((keep) => {
    if (context.typeof(error) !== 'object') {
      return { sentence: `It threw ${JSON.stringify(context.dump(error))}.`, line: lineOfReward(code) };
    }
    const text = (key: string): string => {
      const value = keep(context.getProp(error, key));
      return context.typeof(value) === 'string' ? context.getString(value) : '';
    };
    const at = /reward\.js:(\d+)/.exec(text('stack'))?.[1];
    return {
      sentence: inWords(text('name'), text('message')),
      line: at === undefined ? lineOfReward(code) : Number(at),
    };
  });
}

function inWords(name: string, message: string): string {
  if (name === 'InternalError') {
    if (message === 'interrupted')
      return 'It ran on: loops and calls made more than ten million jumps in one step.';
    if (message === 'out of memory') return `It needed more than ${String(memoryBytes / 2 ** 20)} MB.`;
    if (message === 'stack overflow') return 'Its functions called one another too deeply.';
  }
  if (message.endsWith("''")) return `${name}: the code ends too early.`;
  return `${name === '' ? 'It threw an object' : name}: ${message}.`;
}

/** Where the function stands, for faults that have no line of their own. */
function lineOfReward(code: string): number | null {
  const line = code.split('\n').findIndex((text) => /\breward\b/.test(text));
  return line < 0 ? null : line + 1;
}

function article(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function faultOf(sentence: string, line: number | null): RewardOutcome {
  return { fault: { sentence, line } };
}
