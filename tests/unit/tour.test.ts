import { expect, it } from 'vitest';
import { type PresetName, presetNames, presets } from '../../src/settings/presets.ts';
import { stops } from '../../src/ui/tour/stops.ts';

const say = (preset: PresetName): string =>
  stops.map((stop) => Object.values(stop.say(presets[preset].lanes)).join(' ')).join(' ');

it('tells of the lanes that are there, whatever the preset', () => {
  expect(say('entropy')).toContain('Two copies of a small language model practise');
  expect(say('entropy')).toMatch(/Two runs, one difference Same model.*SRT: .*M-GRPO \+ IQR: /);
  expect(say('srt')).toContain('One copy of a small language model');
  expect(say('srt')).not.toMatch(/M-GRPO|Two runs/);
  expect(say('oracle')).toContain('told which answers are right');
  expect(say('try-group-size')).toContain('They differ in Group size G.');
  expect(say('cure')).toContain('Three runs, 2 differences They differ in Algorithm and Guard.');
});

it('fits its card in every preset', () => {
  for (const preset of presetNames) {
    for (const { say: words } of stops) {
      expect(words(presets[preset].lanes).words.length, preset).toBeLessThan(340);
    }
  }
});
