import type { Page } from 'playwright-core';

export function standInForTrainer(page: Page, entry?: string): Promise<void>;
