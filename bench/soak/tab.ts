import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { patienceMs } from './chromium.ts';

/** What a reader sees of the lab in a moment. */
export interface Look {
  /** As the address names it. */
  readonly page: string;
  readonly presenting: boolean;
  /** "Paused". */
  readonly state: string;
  /** Steps that all lanes have made. */
  readonly made: number;
  /** Names of the lanes; none on other pages, nor while they can't be shown yet. */
  readonly lanes: readonly string[];
  /** The answers to a question that is asked; null: none is. */
  readonly answers: readonly string[] | null;
  readonly enlarged: boolean;
  readonly notice: string | null;
  /** What is said instead of a run that is well, or of a part of the page that broke; null: nothing. */
  readonly trouble: string | null;
  /** The line of kept runs. */
  readonly line: string | null;
  /** Buttons that can be pressed, by their words. */
  readonly buttons: readonly string[];
  readonly hidden: boolean;
}

/** Something that must not be. */
export class Breach extends Error {}

/** In the page. */
function see(): Look {
  const words = (selector: string): string | null => {
    const found = document.querySelector(selector);
    return found === null ? null : found.textContent.replace(/\s+/g, ' ').trim();
  };
  const buttonsIn = (root: ParentNode): string[] =>
    [...root.querySelectorAll('button')]
      .filter((button) => !button.disabled && button.checkVisibility())
      .map((button) => button.textContent.trim());
  const question = document.querySelector('dialog.question');
  const trouble = words('.state-panel[role=alert]') ?? words('.broken');
  return {
    page: location.hash.slice(1).split('/')[0] || 'lab',
    presenting: document.querySelector('main.present') !== null,
    state: (words('p.visually-hidden[role=status]') ?? '').split('.')[0] ?? '',
    made: document.querySelector<HTMLProgressElement>('progress[aria-label="Steps made"]')?.value ?? 0,
    // A recorded run may be shown meanwhile.
    lanes: [
      ...document.querySelectorAll<HTMLElement>('main[data-recorded=false] section.lanes .lane-name'),
    ].map(({ title }) => title),
    answers: question === null ? null : buttonsIn(question),
    enlarged: document.querySelector('dialog.enlarged') !== null,
    notice: words('.notice p'),
    trouble,
    line: words('section[aria-label="Kept runs"][role=status]'),
    buttons: buttonsIn(document),
    hidden: document.hidden,
  };
}

/** What is complained about and is not the lab's: the file that the lab is left for asks for an icon of the whole host. */
const expected = '/favicon.ico';
/** States that end by themselves. */
const passing = ['Checking the GPU', 'Compiling', ''];
/** A click that finds nothing to press in this time is late: what was there is gone. */
const pressMs = 15_000;

/** A tab of the lab, and what it complained about. */
export class Tab {
  readonly page: Page;
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(pressMs);
    page.setDefaultNavigationTimeout(patienceMs);
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('crash', () => this.complaints.push('the page crashed'));
    page.on('console', (message) => {
      const { url } = message.location();
      if ((message.type() === 'error' || message.type() === 'warning') && !url.endsWith(expected))
        this.complaints.push(`${message.type()}: ${message.text()} (${url})`);
    });
    page.on('dialog', (dialog) => void dialog.accept().catch(() => undefined));
  }

  /** A tab of a visitor who was here before: who is offered no tour, and sees every knob. */
  static async open(context: BrowserContext, address: string): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(page);
    await page.addInitScript(() => {
      try {
        localStorage.setItem('m-grpo-lab.tour', 'seen');
        localStorage.setItem('m-grpo-lab.all-knobs', 'all');
      } catch {
        // A page without storage, on the way to the lab.
      }
    });
    await page.goto(address);
    return tab;
  }

  /** Of the page that comes, where one is going. */
  async look(): Promise<Look> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.page.evaluate(see);
      } catch (error) {
        if (tries > 50 || !/navigat|context was destroyed/i.test(String(error))) throw error;
        await pause(100);
      }
    }
  }

  /** Until something is so. @throws Breach where it never is */
  async until(so: (look: Look) => boolean, what: string, ms = patienceMs): Promise<Look> {
    const from = Date.now();
    for (;;) {
      const look = await this.look();
      if (so(look)) return look;
      if (Date.now() - from > ms)
        throw new Breach(`${what} is waited for in vain: ${look.state}, step ${look.made}`);
      await pause(100);
    }
  }

  /** Until the lab is in a state that lasts, or asks something. */
  settled(): Promise<Look> {
    return this.until(
      ({ state, answers }) => answers !== null || !passing.includes(state),
      'A state that lasts',
    );
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' }).first();
  }

  async press(name: string | RegExp): Promise<void> {
    await this.button(name).click();
  }

  /** Shows a page of the lab. */
  async go(name: string): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
  }

  /** Presses something in the menu of a lane. */
  async inLaneMenu(lane: string, entry: string): Promise<void> {
    const card = this.cardOf(lane);
    await card.locator('summary').click();
    await card.getByRole('button', { name: entry, exact: true }).click();
  }

  cardOf(lane: string): Locator {
    const name = this.page.locator(`.lane-name[title=${JSON.stringify(lane)}]`);
    return this.page.locator('section.lanes .lane').filter({ has: name }).first();
  }

  /** The field or the choice of a knob, in sight. */
  async knob(id: string): Promise<Locator> {
    const field = this.page.locator(`#${id}`);
    const group = this.page.locator('section.controls details.group').filter({ has: field });
    if (!(await group.evaluate((details: HTMLDetailsElement) => details.open)))
      await group.locator('summary').click();
    return field;
  }

  /** Sets a knob as a reader would. @returns false where it can have no effect, and none was tried */
  async setKnob(id: string, value: string): Promise<boolean> {
    const field = await this.knob(id);
    if (await field.isDisabled()) return false;
    const tag = await field.evaluate((element) => element.tagName);
    if (tag === 'SELECT') await field.selectOption(value);
    else {
      await field.fill(value);
      await field.press('Enter');
    }
    return true;
  }
}
