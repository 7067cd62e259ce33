import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { excerpt, quote } from '../lib/quote.ts';
import { largestReward, type RewardFault, type RewardInput, type RewardOutcome } from '../spec/reward.ts';

/** What the user's code is called in the interpreter's stacks. */
const file = 'reward.js';

const memoryBytes = 8 * 2 ** 20;
/**
 * The interpreter measures the part of its stack that lies in its own memory; each call also takes some of the host's,
 * up to 24 times as much where it reads nested brackets. Workers of Chromium have the least, 500 KB: this much is
 * reached there with 380 KB, so that the interpreter's own limit comes first everywhere and at the same depth.
 */
const stackBytes = 16 * 2 ** 10;
/** The interpreter asks once in ten thousand jumps, of loops and calls: ten million together, half a second at most. */
const mostInterrupts = 1000;

/**
 * Runs before the user's code. A clock or chance would make a run that can't be repeated: taken away so that code can't
 * bring them back by accident; `typeof Date` throws too. What the code throws is looked at with functions that it can't
 * replace and without calling anything of its own, proxies aside: their traps run under the same limits.
 */
const prelude = `(() => {
  const refuse = (what) => {
    throw new ReferenceError('there is no ' + what + ' here, as the same run must give the same rewards');
  };
  Object.defineProperty(globalThis, 'Date', { get: () => refuse('clock (Date)'), configurable: false });
  Object.defineProperty(Math, 'random', {
    value: () => refuse('chance (random)'), writable: false, configurable: false,
  });
  const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const { apply } = Reflect;
  const { slice } = String.prototype;
  const lineOf = getOwnPropertyDescriptor(Function.prototype, 'lineNumber').get;
  const look = (thrown) => {
    const text = (key) => {
      let holder = thrown;
      for (let up = 0; holder !== null && up < 4; up++) {
        const property = getOwnPropertyDescriptor(holder, key);
        if (property !== undefined)
          return typeof property.value === 'string' ? apply(slice, property.value, [0, 1000]) : '';
        holder = getPrototypeOf(holder);
      }
      return '';
    };
    return { name: text('name'), message: text('message'), stack: text('stack') };
  };
  return { look, line: (reward) => apply(lineOf, reward, []) };
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
    const why = error instanceof Error ? error.message : String(error);
    return faultOf(`The interpreter could not be loaded: ${excerpt(why, 200)}.`, null);
  }
  try {
    const outcome = run(loaded, code, inputs);
    if (!('told' in outcome)) return outcome;
    const { sentence, told } = outcome;
    const again = run(loaded, '\n'.repeat(shift) + code, inputs);
    const moved = 'told' in again && again.told === told + shift && told <= code.split('\n').length;
    return faultOf(sentence, moved ? told : null);
  } catch {
    // The interpreter itself gave up: what it leaves behind is not used again.
    interpreter = null;
    return faultOf('It broke the interpreter.', null);
  }
}

/**
 * Code can write what it likes into the stack of an error. With so many empty lines before it a true line is so many
 * lines further down.
 */
const shift = 1000;

/** What a run gave: rewards, a fault, or what was thrown with the line that its stack tells, which may be made up. */
type Run = RewardOutcome | { readonly sentence: string; readonly told: number };

/** In a fresh context, which is taken down after work that ended well: one that threw is in no state for it. */
function run(loaded: QuickJSWASMModule, code: string, inputs: readonly RewardInput[]): Run {
  const runtime = loaded.newRuntime();
  limit(runtime);
  const context = runtime.newContext();
  const result = rewardsOf(context, code, inputs);
  context.dispose();
  runtime.dispose();
  return result;
}

function limit(runtime: QuickJSRuntime): void {
  runtime.setMemoryLimit(memoryBytes);
  runtime.setMaxStackSize(stackBytes);
  let interrupts = 0;
  runtime.setInterruptHandler(() => ++interrupts > mostInterrupts);
}

function rewardsOf(context: QuickJSContext, code: string, inputs: readonly RewardInput[]): Run {
  return scoped((keep): Run => {
    const tools = keep(context.unwrapResult(context.evalCode(prelude, 'lab.js')));
    const look = keep(context.getProp(tools, 'look'));
    // Taken before the user's code runs, which may replace it.
    const parse = keep(context.getProp(keep(context.getProp(context.global, 'JSON')), 'parse'));
    const read = context.evalCode(code, file, { type: 'global', strict: true });
    if (read.error !== undefined) return thrown(context, look, keep(read.error));
    keep(read.value);
    const found = context.evalCode('reward', file);
    if (found.error !== undefined) {
      keep(found.error);
      return faultOf('It has no function named reward.', null);
    }
    const reward = keep(found.value);
    const type = context.typeof(reward);
    if (type !== 'function') return faultOf(`reward is ${article(type)}, not a function.`, null);
    const rewards: number[] = [];
    for (const input of inputs) {
      const outcome = scoped((keepForCall): number | Run => {
        const text = keepForCall(context.newString(JSON.stringify(input)));
        const told = context.callFunction(parse, context.undefined, text);
        if (told.error !== undefined) return thrown(context, look, keepForCall(told.error));
        const called = context.callFunction(reward, context.undefined, keepForCall(told.value));
        if (called.error !== undefined) return thrown(context, look, keepForCall(called.error));
        const given = keepForCall(called.value);
        const problem = problemWith(context, given);
        if (problem === null) return context.getNumber(given);
        const rollout = `for the prompt ${excerpt(input.prompt)} and the completion ${excerpt(input.completion)}`;
        const line = keepForCall(
          context.unwrapResult(
            context.callFunction(keepForCall(context.getProp(tools, 'line')), tools, reward),
          ),
        );
        // Of a function that the code wrote out; a bound one or a proxy has none.
        const known = context.typeof(line) === 'number';
        return faultOf(`${problem} ${rollout}`, known ? context.getNumber(line) : null);
      });
      if (typeof outcome !== 'number') return outcome;
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
  const result = work((handle) => {
    kept.push(handle);
    return handle;
  });
  for (const handle of kept.reverse()) handle.dispose();
  return result;
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

/**
 * What the code threw, in words that are true of whatever it threw.
 * @param look the prelude's function
 */
function thrown(context: QuickJSContext, look: QuickJSHandle, value: QuickJSHandle): Run {
  const type = context.typeof(value);
  if (type !== 'object' && type !== 'function') {
    const plain = ['string', 'number', 'boolean', 'bigint'].includes(type);
    const what = plain ? quote(context.dump(value)) : type === 'undefined' ? type : article(type);
    return faultOf(`It threw ${what}.`, null);
  }
  return scoped((keep): Run => {
    const looked = context.callFunction(look, context.undefined, value);
    if (looked.error !== undefined) {
      // A trap of a proxy, or a limit that was reached before and is reached again.
      keep(looked.error);
      return faultOf(`It threw ${article(type)}, or ran on: ${limits}.`, null);
    }
    const parts = keep(looked.value);
    const part = (key: string): string => context.getString(keep(context.getProp(parts, key)));
    const [name, message] = [part('name'), part('message')];
    const at = /reward\.js:(\d+)/.exec(part('stack'))?.[1];
    const sentence = inWords(name, message, article(type));
    return at === undefined ? faultOf(sentence, null) : { sentence, told: Number(at) };
  });
}

/** What ends code that goes too far. */
const limits =
  `ten million jumps of loops and calls in a step, ${String(memoryBytes / 2 ** 20)} MB and ` +
  'some eighty calls within one another are the most';

/** @param what it is, in case it has neither name nor message */
function inWords(name: string, message: string, what: string): string {
  if (message.endsWith("''")) return `${excerpt(name)}: the code ends too early.`;
  if (name === '' && message === '') return `It threw ${what}.`;
  const said = [name, message].filter((part) => part !== '').map((part) => excerpt(part, 200));
  const limited = /^(interrupted|out of memory|stack overflow)$/.test(message) ? ` (${limits})` : '';
  return `${said.join(': ')}${limited}.`;
}

function article(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

function faultOf(sentence: string, line: number | null): { readonly fault: RewardFault } {
  return { fault: { sentence, line } };
}
