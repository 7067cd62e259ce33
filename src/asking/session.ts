import type { FrozenWork, Range } from '../bench/frozenPrice.ts';
import type { Host } from '../host/host.ts';
import { failureOf, type Failure } from '../lib/failure.ts';
import { LabError, type LabErrorCode } from '../lib/labError.ts';
import { findAnswers } from '../records/completions/answers.ts';
import { priceOf, type Asking } from './asking.ts';
import { failureOnPage } from './failureOnPage.ts';
import { openGiven } from './given.ts';
import { HeldDevice } from './heldDevice.ts';
import { checkFits, describe, needFor, roomOf, type AskedModel, type Ways } from './model.ts';
import { filePrompts } from './promptFile.ts';
import { typedPrompts, type AskedText } from './prompts.ts';
import { paced } from './paced.ts';
import { missWords, priceInBytes, rangeWords, Speeds } from './price.ts';
import {
  nothing,
  slots,
  type AskCommand,
  type AskEvent,
  type AskState,
  type Slot,
  type Wish,
} from './protocol.ts';
import { questionOf, workOf, type Question } from './question.ts';
import { Sayings } from './sayings.ts';
import { Training } from './training.ts';
import { chatTemplate } from '../settings/adapterKnobs.ts';

/** What a session needs from where it runs. */
export interface AskHost extends Pick<Host, 'openGpu' | 'now' | 'runReward'> {
  /** Bytes of the computer's memory, as far as it tells. */
  readonly memoryBytes: number;
}

/** The ways to need less, as the page calls them. */
const ways: Ways = {
  eight: '8 completions at once',
  int8: 'int8 weights',
  both: 'int8 weights and 8 completions at once',
  lower: 'Ask for fewer completions at once or fewer tokens, or ask a smaller model.',
};

/** Refused before anything was computed, or by itself. */
const refusals: ReadonlySet<LabErrorCode> = new Set(['bad-setting', 'bad-file', 'does-not-fit']);

/** Progress is told this often, and figures of what is complete. */
const [progressMs, figuresMs] = [100, 1000];

/** The models of the page, and what they said: one thing after another, as the page commands. */
export class AskSession {
  readonly #host: AskHost;
  readonly #post: (event: AskEvent, transfer?: Transferable[]) => void;
  #state: AskState = nothing;
  readonly #models: Record<Slot, AskedModel | null> = { model: null, against: null };
  /** Without their adapters. */
  readonly #bases: Record<Slot, AskedModel | null> = { model: null, against: null };
  #wished: { readonly texts: readonly AskedText[] | Failure; readonly wish: Wish } | null = null;
  readonly #device: HeldDevice;
  readonly #speeds = new Speeds();
  readonly #training: Training;
  /** What was asked last, and what was said. */
  #sayings: Sayings | null = null;
  #stopped = false;
  #pricings = 0;
  /** All that takes time follows what was commanded before it. */
  #turn: Promise<void> = Promise.resolve();

  constructor(host: AskHost, post: (event: AskEvent, transfer?: Transferable[]) => void) {
    this.#host = host;
    this.#post = post;
    const holds = (heldBytes: number): void => {
      this.#tell({ heldBytes });
    };
    this.#device = new HeldDevice(host, (reason) => this.#lost(reason), holds);
    this.#training = new Training({
      ...{ host, post, device: () => this.#device.open(), release: () => this.#device.release() },
      then: (what) => {
        this.#then(what);
      },
      parts: () => this.#parts(),
      base: () => this.#bases.model,
      tell: (train) => {
        this.#tell({ train });
      },
      leaveFaulty: () => this.#device.leaveFaulty(),
      ended: async () => {
        await this.#device.leaveFaulty();
        this.#price();
      },
    });
  }

  receive(command: AskCommand): void {
    switch (command.type) {
      case 'open':
        this.#stopped = true;
        if (command.slot === 'model') this.#training.end();
        this.#give(command.slot, { name: command.name, told: null, chat: null, refused: null });
        this.#then(() => this.#open(command.slot, command.name, command.files));
        break;
      case 'close':
        this.#stopped = true;
        if (command.slot === 'model') this.#training.end();
        this.#then(() => this.#close(command.slot));
        break;
      case 'wish':
        this.#then(() => this.#wish(command.prompts, command.wish));
        this.#price();
        break;
      case 'ask':
        this.#stopped = false;
        this.#then(() => this.#ask());
        break;
      case 'stop':
        this.#stopped = true;
        break;
      case 'show':
        this.#show(command.prompt);
        break;
      case 'answers':
        if (this.#sayings !== null) this.#sayings.wanted = command.wanted ?? undefined;
        this.#tellAnswers();
        break;
      case 'release':
        this.#then(() => this.#device.release());
        break;
      case 'lines':
        this.#post({ type: 'lines', answer: this.#lines() });
        break;
      default:
        this.#training.receive(command);
    }
  }

  #tell(state: Partial<AskState>): void {
    this.#state = { ...this.#state, ...state };
    this.#post({ type: 'state', state });
  }

  #give(slot: Slot, given: AskState['given'][Slot]): void {
    this.#tell({ given: { ...this.#state.given, [slot]: given } });
  }

  #then(what: () => Promise<void> | void): void {
    this.#turn = this.#turn.then(what).catch((error: unknown) => this.#fail(error));
  }

  /** What is refused leaves the device as it is; after anything else nobody knows what is left on it. */
  async #fail(error: unknown): Promise<void> {
    this.#tell({ doing: null, failed: failureOnPage(error) });
    if (error instanceof LabError && refusals.has(error.code)) await this.#device.leaveFaulty();
    else await this.#device.leave();
  }

  async #lost(reason: string): Promise<void> {
    if (!this.#training.held) {
      await this.#fail(new LabError('device-lost', `The GPU device was lost: ${reason}`, ''));
      return;
    }
    this.#device.forget();
    await this.#training.lost(reason);
  }

  async #open(slot: Slot, name: string, files: readonly File[]): Promise<void> {
    const base = this.#bases.model;
    this.#models[slot] = null;
    await this.#device.release();
    try {
      const { base: own, model } = await openGiven(base, name, files);
      this.#bases[slot] = own;
      this.#models[slot] = model;
      this.#give(slot, {
        name: model.path,
        told: describe(model),
        chat: model.chat?.from ?? null,
        refused: null,
      });
    } catch (error) {
      this.#give(slot, { name, told: null, chat: null, refused: failureOf(error) });
    }
    this.#price();
  }

  async #close(slot: Slot): Promise<void> {
    this.#models[slot] = null;
    this.#bases[slot] = null;
    this.#give(slot, null);
    await this.#device.release();
    this.#price();
  }

  async #wish(prompts: string | File | null, wish: Wish): Promise<void> {
    if (prompts === null) {
      if (this.#wished !== null) this.#wished = { ...this.#wished, wish };
      return;
    }
    try {
      const texts = typeof prompts === 'string' ? typedPrompts(prompts) : await filePrompts(prompts);
      this.#wished = { texts, wish };
    } catch (error) {
      this.#wished = { texts: failureOf(error), wish };
    }
  }

  /** What would be trained now; null where something is missing. @throws LabError where the prompts are refused */
  #parts() {
    const base = this.#bases.model;
    if (base === null || this.#wished === null) return null;
    const { texts: prompts } = this.#wished;
    if ('code' in prompts) throw new LabError(prompts.code, prompts.sentence, prompts.remedy);
    return { base, from: this.#models.model?.adapter ?? null, prompts };
  }

  /** What would be asked now; null where something is missing. @throws LabError where it can't be asked */
  async #question() {
    const models = slots.flatMap((slot) => this.#models[slot] ?? []);
    if (this.#models.model === null || this.#wished === null) return null;
    const { texts, wish } = this.#wished;
    if ('code' in texts) throw new LabError(texts.code, texts.sentence, texts.remedy);
    // A pattern that is none is refused before anything is computed.
    findAnswers([], wish.answer ?? undefined);
    // A model without a template is asked without one.
    const template = wish.chat && this.#models.model.chat !== null ? chatTemplate : null;
    const question = await questionOf(models, texts, { ...wish, template });
    const needs = models.map((each) => needFor(each, wish.weights, question.capacity));
    return { models, wish, question, needs };
  }

  /** Says what asking would take, now that something about it has changed. @param again on another device */
  #price(again = false): void {
    const mine = ++this.#pricings;
    this.#training.look();
    this.#training.pricing.again();
    this.#then(async () => {
      // A run that is trained has the device to itself.
      if (mine !== this.#pricings || this.#training.held) return;
      try {
        const asked = await this.#question();
        if (asked === null) {
          this.#tell({ price: null, refused: null });
          return;
        }
        const { models, wish, question, needs } = asked;
        const works = models.map(() => workOf(question, models.length));
        const price = priceInBytes(question, needs);
        this.#tell({ price: { ...price, seconds: null }, refused: null });
        const asking = await this.#device.open();
        checkFits(
          roomOf(asking.gpu, wish.memoryBytes, this.#host.memoryBytes),
          models,
          needs,
          question.capacity,
          ways,
        );
        const speed = await this.#speedFor(asking, models, wish, question);
        this.#tell({ price: { ...price, seconds: rangeWords(priceOf(models, needs, works, speed)) } });
      } catch (error) {
        if (failureOf(error).code === 'device-lost' && !again) {
          // Another device tells what it takes.
          await this.#device.leave();
          this.#price(true);
          return;
        }
        // The figures stay: they say what does not fit.
        this.#tell({ refused: failureOnPage(error) });
        await this.#device.leaveFaulty();
      }
    });
  }

  /** How fast this adapter is; what is measured anew frees what was loaded. */
  async #speedFor(asking: Asking, [first]: readonly AskedModel[], wish: Wish, { capacity }: Question) {
    if (first === undefined) throw new LabError('bug', 'No model is open.', 'Give a folder.');
    const speed = await this.#speeds.of(asking, first, wish.weights, capacity);
    this.#tell({ heldBytes: asking.sizeBytes });
    return speed;
  }

  async #ask(): Promise<void> {
    if (this.#training.held) return;
    const asked = await this.#question();
    if (asked === null) return;
    const { models, wish, question, needs } = asked;
    const asking = await this.#device.open();
    checkFits(
      roomOf(asking.gpu, wish.memoryBytes, this.#host.memoryBytes),
      models,
      needs,
      question.capacity,
      ways,
    );
    const speed = await this.#speedFor(asking, models, wish, question);
    const texts = question.prompts;
    this.#sayings = new Sayings(models, texts, wish.answer ?? undefined);
    const shown = { prompt: Math.min(this.#state.shown.prompt, texts.length - 1), said: [] };
    this.#tell({ prompts: texts, answers: [], between: null, took: null, failed: null, shown });
    const name = (i: number) => models[i]?.path ?? '';
    const progress = paced(this.#host.now, progressMs);
    const loaded = await asking.load(models, wish.weights, question.capacity, (done, all) => {
      progress(() => {
        this.#tell({ doing: { what: 'loading', name: name(0), done, all } });
      });
      return !this.#stopped;
    });
    this.#tell({ heldBytes: asking.sizeBytes });
    if (loaded) {
      await this.#sample(asking, question, this.#sayings, (works) => priceOf(models, needs, works, speed));
    }
    this.#tell({ doing: null });
  }

  async #sample(
    asking: Asking,
    question: Question,
    sayings: Sayings,
    price: (works: readonly FrozenWork[]) => Range,
  ): Promise<void> {
    const { models } = sayings;
    const { now } = this.#host;
    const began = now();
    const [progress, figures] = [paced(this.#host.now, progressMs), paced(this.#host.now, figuresMs)];
    const all = question.prompts.length * question.groupSize;
    for (const [i, { path: name }] of models.entries()) {
      if (this.#stopped) break;
      this.#tell({ doing: { what: 'asking', name, done: 0, all } });
      const said = await asking.sample(i, question, (complete, underWay) => {
        sayings.take(i, complete, underWay);
        progress(() => {
          const ended = underWay.filter(({ truncated }) => !truncated).length;
          this.#tell({ doing: { what: 'asking', name, done: complete.length + ended, all } });
          this.#show(this.#state.shown.prompt);
        });
        if (underWay.length === 0) {
          figures(() => {
            this.#tellAnswers();
          });
        }
        return !this.#stopped;
      });
      sayings.take(i, said, []);
    }
    this.#tellAnswers();
    const said = sayings.all;
    const seconds = (now() - began) / 1000;
    this.#tell({
      took: {
        seconds,
        miss: missWords(seconds, price(asking.works)),
        tokens: said.reduce((sum, { tokens }) => sum + tokens.length, 0),
        completions: said.length,
        stopped: this.#stopped,
      },
    });
    if (models.length < 2 || this.#stopped) return;
    const compared = async (index: 0 | 1) => {
      const kl = await asking.divergence(index, sayings.of(index), question, (done, of) => {
        progress(() => {
          this.#tell({ doing: { what: 'comparing', name: models[index]?.path ?? '', done, all: of } });
        });
        return !this.#stopped;
      });
      return this.#stopped && Number.isNaN(kl) ? null : kl;
    };
    const [forth, back] = [await compared(0), await compared(1)];
    this.#tell({ between: { overlap: sayings.overlap(), forth, back } });
  }

  /** Finds the answers in what was said, and tells the figures. */
  #tellAnswers(): void {
    const sayings = this.#sayings;
    if (sayings === null) return;
    try {
      this.#tell({ answers: sayings.find(), failed: null });
    } catch (error) {
      this.#tell({ failed: failureOf(error) });
      return;
    }
    const { between, shown } = this.#state;
    if (between !== null) this.#tell({ between: { ...between, overlap: sayings.overlap() } });
    this.#show(shown.prompt);
  }

  /** What was said stays where it can't be had as a file. */
  #lines(): Blob | Failure {
    try {
      return this.#sayings?.file() ?? new Blob();
    } catch (error) {
      return failureOf(error);
    }
  }

  #show(prompt: number): void {
    this.#tell({ shown: { prompt, said: this.#sayings?.to(prompt) ?? [] } });
  }
}
