import { stepOf } from '../store/lanes.ts';
import { TopBar } from './bar/TopBar.tsx';
import { useShortcuts } from './bar/useShortcuts.ts';
import { ChartCard } from './charts/ChartCard.tsx';
import { charts } from './charts/charts.ts';
import { axisEnd } from './charts/plot.ts';
import { SpeedCard } from './charts/SpeedCard.tsx';
import { ControlRail } from './controls/ControlRail.tsx';
import { LaneCards } from './lanes/LaneCards.tsx';
import { RolloutPanel } from './rollouts/RolloutPanel.tsx';
import { Announcer } from './states/Announcer.tsx';
import { Notices, Stage } from './states/Stage.tsx';
import { useLab } from './useStore.ts';

/** The Lab screen. */
export function App() {
  useShortcuts();
  const lastStep = useLab(({ lanes }) =>
    axisEnd(Math.max(0, ...lanes.map(stepOf)), Math.max(0, ...lanes.map(({ settings }) => settings.steps))),
  );
  return (
    <>
      <TopBar />
      <Announcer />
      <main>
        <LaneCards />
        <div className="stage">
          <Stage />
          <Notices />
          <div className="charts">
            {charts.map((spec, slot) => (
              <ChartCard key={spec.id} spec={spec} slot={slot} lastStep={lastStep} />
            ))}
            <SpeedCard slot={charts.length} />
          </div>
          <RolloutPanel />
        </div>
        <ControlRail />
      </main>
    </>
  );
}
