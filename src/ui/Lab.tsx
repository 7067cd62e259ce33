import { useContext } from 'react';
import { ChartBar } from './charts/ChartBar.tsx';
import { ChartCard } from './charts/ChartCard.tsx';
import { charts, titleChart } from './charts/charts.ts';
import { ChartTabs } from './charts/ChartTabs.tsx';
import { SpeedCard } from './charts/SpeedCard.tsx';
import { ControlRail } from './controls/ControlRail.tsx';
import { LaneCards } from './lanes/LaneCards.tsx';
import { RolloutPanel } from './rollouts/RolloutPanel.tsx';
import { Boundary } from './states/Boundary.tsx';
import { Notices, Stage } from './states/Stage.tsx';
import { useMeanwhile } from './states/useMeanwhile.ts';
import { Now } from './story/Now.tsx';
import { Turns } from './story/Turns.tsx';
import { Timeline } from './timeline/Timeline.tsx';
import { Tour } from './tour/Tour.tsx';
import { lazily } from './lazily.ts';
import { useShortcuts } from './bar/useShortcuts.ts';
import { lab } from '../store/lanes.ts';
import { recordedLab } from '../store/recorded.ts';
import { LabContext, useLab, useView } from './useStore.ts';

const Present = lazily(() => import('./present/Present.tsx').then((part) => part.Present));

/** The smaller charts. */
const tabs = [
  ...charts
    .filter((spec) => spec !== titleChart)
    .map((spec) => ({ id: spec.id, title: spec.short ?? spec.title, chart: <ChartCard spec={spec} /> })),
  {
    id: 'speed' as const,
    title: 'Speed',
    // What a recorded run cost says nothing of this machine.
    chart: (
      <LabContext value={lab}>
        <SpeedCard />
      </LabContext>
    ),
  },
];

/** The page on which policies train. */
export function Lab() {
  useShortcuts();
  const recorded = useLab((lab) => lab.recorded);
  const presenting = useView((view) => view.presenting);
  const meanwhile = useMeanwhile();
  const runs = useContext(LabContext);
  const shown = meanwhile ? recordedLab : runs;
  if (presenting) {
    return (
      <>
        <Present />
        <Notices />
      </>
    );
  }
  return (
    <main data-recorded={shown === recordedLab}>
      <LabContext value={shown}>
        <Boundary what="The list of lanes">
          <LaneCards />
        </Boundary>
      </LabContext>
      <div className="stage">
        <Stage meanwhile={meanwhile} />
        <Notices />
        <LabContext value={shown}>
          <ChartBar />
          <div className="story">
            <Boundary what={titleChart.title}>
              <ChartCard spec={titleChart} large />
            </Boundary>
            <Boundary what="What the model does">
              <Now />
            </Boundary>
            <Boundary what="The story so far">
              <Turns />
            </Boundary>
          </div>
          <ChartTabs>{recorded ? tabs.filter(({ id }) => id !== 'speed') : tabs}</ChartTabs>
          <Boundary what="The timeline">
            <Timeline />
          </Boundary>
          <Boundary what="The rollouts">
            <RolloutPanel />
          </Boundary>
        </LabContext>
      </div>
      <Boundary what="The settings">
        <ControlRail />
      </Boundary>
      {recorded ? null : <Tour />}
    </main>
  );
}
