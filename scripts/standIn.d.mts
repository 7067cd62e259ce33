import type { Page } from 'playwright-core';

export function standInForTrainer(page: Page): Promise<void>;
